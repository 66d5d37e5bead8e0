"""A box's clock that is wrong: noticed by what the control room signed, told once."""

from edge_agent.values.event import Degradation

PART = "clock"
"""The part that events of this name."""

_MUCH = 60.0  # seconds; tokens without a challenge are refused from here on
_LITTLE = 20.0


class Skew:
    """Remembers whether it was told."""

    def __init__(self) -> None:
        self._told = False

    def news(self, seconds: float) -> Degradation | None:
        """Returns what to tell of a signer's clock that is so many seconds ahead of the box's; None for nothing new."""
        if not self._told and abs(seconds) > _MUCH:
            self._told = True
            which = "behind" if seconds > 0 else "ahead of"
            reason = f"the box's clock is {abs(seconds):.0f} s {which} the control room's"
            return Degradation(PART, degraded=True, reason=reason, remedy="let the box reach a time server (NTP)")
        if self._told and abs(seconds) < _LITTLE:
            self._told = False
            return Degradation(PART, degraded=False)
        return None
