"""What each command needs to be told, as models that check what a stranger sent and document themselves."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator

from edge_agent.events.replay import Sequences, Times, Wanted
from edge_agent.talkdown.hours import SOFTEST
from edge_agent.talkdown.messages import LONGEST_TEXT
from edge_agent.values.viewing import Wish

LONGEST_OFFER = 65_536
"""Letters of an SDP offer."""

Stamp = Annotated[AwareDatetime, Field(strict=False)]
"""RFC 3339, which a strict model would not take from text."""


Chosen = Annotated[Wish, Field(strict=False)]
"""Text in JSON, which a strict model would not take for a choice."""


class Arguments(BaseModel):
    """Base of a command's arguments."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


class OnCamera(Arguments):
    """Arguments that name a camera.

    Attributes:
        camera: its id.
    """

    camera: Annotated[str, Field(max_length=63)]


class TalkdownPlay(OnCamera):
    """Says something through a camera's loudspeaker: exactly one of message and text.

    Attributes:
        camera: its id.
        message: the catalogue's.
        text: words of one's own.
        language: such as ``fr``; the message's first where empty.
    """

    message: Annotated[str, Field(max_length=63)] = ""
    text: Annotated[str, Field(max_length=LONGEST_TEXT)] = ""
    language: Annotated[str, Field(max_length=16)] = ""


class TalkdownOpen(OnCamera):
    """Lets an operator talk through a camera's loudspeaker; the result carries ``session`` and the SDP ``answer``.

    What the loudspeaker says gives way. The talk ends when it is closed, when its link dies, and after two minutes.

    Attributes:
        camera: its id.
        offer: SDP with one audio section that sends Opus.
        until: when the login ends that this is asked with, RFC 3339; the talk ends with it.
    """

    offer: Annotated[str, Field(max_length=LONGEST_OFFER)]
    until: Stamp | None = None


class TalkdownClose(Arguments):
    """Ends an operator's talk; the last words are still heard.

    Attributes:
        session: as ``talkdown.open`` answered.
    """

    session: Annotated[str, Field(max_length=64)]


class TalkdownVolume(OnCamera):
    """Sets how loud a camera's loudspeaker is until the agent starts again.

    Attributes:
        camera: its id.
        volume: decibels; 0 is as loud as it gets undistorted, -6 half of that.
    """

    volume: Annotated[float, Field(strict=False, ge=SOFTEST, le=0, allow_inf_nan=False)]


class LiveOpen(OnCamera):
    """Opens a live view; the result carries ``session`` and the SDP ``answer``.

    While the camera is away the result also carries ``waiting``, the reason; the picture comes by itself.

    Attributes:
        camera: its id.
        offer: SDP.
        stream: ``auto`` for what the viewer's link carries, or one of the camera's, come what may.
        until: when the login ends that this is asked with, RFC 3339; the session ends with it, after 12 h at most.
    """

    offer: Annotated[str, Field(max_length=LONGEST_OFFER)]
    stream: Chosen = Wish.AUTO
    until: Stamp | None = None


class LiveSelect(Arguments):
    """Changes the stream that a live view shows, without a new offer.

    Attributes:
        session: as ``live.open`` answered.
        stream: as for ``live.open``.
    """

    session: Annotated[str, Field(max_length=64)]
    stream: Chosen


class LiveClose(Arguments):
    """Closes a live view.

    Attributes:
        session: as ``live.open`` answered.
    """

    session: Annotated[str, Field(max_length=64)]


Speed = Annotated[float, Field(strict=False, ge=-1, le=1, allow_inf_nan=False)]
"""Of an axis, as a share of the fastest; JSON has no difference between 1 and 1.0."""


class PtzMove(OnCamera):
    """Turns a camera for a second, or until it is asked again, or to a preset; all zero stops it.

    Attributes:
        camera: its id.
        pan: to the right.
        tilt: upwards.
        zoom: closer.
        preset: token of a position that the camera remembers, instead of speeds.
    """

    pan: Speed = 0.0
    tilt: Speed = 0.0
    zoom: Speed = 0.0
    preset: Annotated[str, Field(max_length=64)] = ""

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.preset and (self.pan or self.tilt or self.zoom):
            raise ValueError("give either speeds or a preset")
        return self


class EventsReplay(Arguments):
    """Has delivered events sent again, with their id and data, while they are kept: by number or by time.

    The result carries ``again``, how many will be sent, and ``waiting``, how many of those wanted were not delivered
    yet and come by themselves. What is neither was dropped or is not kept any more.

    Attributes:
        boot: the run of the agent that the numbers belong to; with ``first`` and ``last``.
        first: lowest sequence number wanted.
        last: highest sequence number wanted.
        since: when the first one wanted happened, RFC 3339; with ``until``.
        until: when the last one wanted happened, RFC 3339.
    """

    boot: Annotated[str, Field(max_length=64)] = ""
    first: Annotated[int, Field(ge=1, le=2**53)] | None = None
    last: Annotated[int, Field(ge=1, le=2**53)] | None = None
    since: Stamp | None = None
    until: Stamp | None = None

    @property
    def wanted(self) -> Wanted:
        """What is asked for."""
        if self.first is not None and self.last is not None:
            return Sequences(self.boot, self.first, self.last)
        return Times(_seconds(self.since), _seconds(self.until))

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        by_number = (bool(self.boot), self.first is not None, self.last is not None)
        by_time = (self.since is not None, self.until is not None)
        if not (all(by_number) and not any(by_time)) and not (all(by_time) and not any(by_number)):
            raise ValueError("give boot, first and last, or since and until")
        return self


class Nothing(Arguments):
    """No arguments."""


ARGUMENTS: dict[str, type[Arguments]] = {
    "talkdown.play": TalkdownPlay,
    "talkdown.stop": OnCamera,
    "talkdown.open": TalkdownOpen,
    "talkdown.close": TalkdownClose,
    "talkdown.volume": TalkdownVolume,
    "live.open": LiveOpen,
    "live.select": LiveSelect,
    "live.close": LiveClose,
    "ptz.move": PtzMove,
    "ptz.presets": OnCamera,
    "snapshot.take": OnCamera,
    "events.replay": EventsReplay,
    "config.show": Nothing,
    "agent.restart": Nothing,
}
"""The arguments of each command that an agent knows."""


def _seconds(at: datetime | None) -> float:
    return at.timestamp() if at is not None else 0.0
