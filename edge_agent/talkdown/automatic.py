"""When a camera speaks by itself: once for each person, and not without a pause."""

from collections import OrderedDict

from edge_agent.aio.clock import Clock
from edge_agent.policy import Policy
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.values.event import MaskVerdict
from edge_agent.values.ids import TrackId
from edge_agent.values.time import Monotonic

ACTOR = "rule:mask"

_REMEMBERED = 1000
"""Tracks spoken to; older ones have long left."""


def refusal(settings: TalkdownSettings, policy: Policy) -> str:
    """Returns why the policy forbids these settings, with the remedy; empty when it allows them."""
    if settings.automatic and not policy.automatic_talkdown:
        return (
            f"the profile {policy.profile} forbids a camera to speak by itself: "
            "set talkdown.automatic to false; a person may still make it speak"
        )
    return ""


class AutomaticTalkdown:
    """Turns verdicts on masks into requests; one object for each camera, on the event loop.

    Args:
        settings: message, verdicts and cool-down.
        policy: the last word on whether a camera may speak by itself at all.
        clock: for the cool-down.
    """

    def __init__(self, settings: TalkdownSettings, policy: Policy, clock: Clock) -> None:
        self._settings = settings
        self._allowed = settings.automatic and policy.automatic_talkdown
        self._clock = clock
        self._spoken_to: OrderedDict[TrackId, None] = OrderedDict()
        self._last: Monotonic | None = None

    def request(self, verdict: MaskVerdict) -> Request | None:
        """Returns what to say about a verdict, or None where silence is due."""
        settings = self._settings
        if not self._allowed or verdict.verdict not in settings.automatic_verdicts or verdict.track in self._spoken_to:
            return None
        now = self._clock.monotonic()
        if self._last is not None and now - self._last < settings.cooldown:
            return None
        self._last = now
        self._spoken_to[verdict.track] = None
        if len(self._spoken_to) > _REMEMBERED:
            self._spoken_to.popitem(last=False)
        return Request(ACTOR, message=settings.automatic_message)
