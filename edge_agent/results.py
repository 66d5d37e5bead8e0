"""What the answer to each command carries where it was done, as models that document themselves."""

from pydantic import BaseModel


class Done(BaseModel):
    """Nothing beyond that it was done."""


class Spoken(BaseModel):
    """What is going to be said.

    Attributes:
        utterance: its id, as in its ``talkdown.receipt``.
    """

    utterance: str


class Session(BaseModel):
    """A live view or an operator's voice.

    Attributes:
        session: its id, for ``live.select``, ``live.close`` and ``talkdown.close``.
        answer: SDP.
        waiting: why no picture comes yet, where that is known; left out else.
    """

    session: str
    answer: str
    waiting: str = ""


class Preset(BaseModel):
    """Where a camera can be turned to by name.

    Attributes:
        token: for ``ptz.move``.
        name: for people.
    """

    token: str
    name: str


class Presets(BaseModel):
    """A camera's presets.

    Attributes:
        presets: in the camera's order.
    """

    presets: list[Preset]


class Picture(BaseModel):
    """A picture that was taken.

    Attributes:
        event: id of the event ``snapshot.taken``.
        topic: where the picture follows.
    """

    event: str
    topic: str


class Replay(BaseModel):
    """What becomes of events that are wanted again.

    Attributes:
        again: how many delivered ones will be sent again.
        waiting: how many of those wanted were not delivered yet and come by themselves.
    """

    again: int
    waiting: int


class Configuration(BaseModel):
    """The settings in force.

    Attributes:
        settings: lines of TOML, secrets hidden.
    """

    settings: list[str]


RESULTS: dict[str, type[BaseModel]] = {
    "talkdown.play": Spoken,
    "talkdown.stop": Done,
    "talkdown.open": Session,
    "talkdown.close": Done,
    "talkdown.volume": Done,
    "live.open": Session,
    "live.select": Done,
    "live.close": Done,
    "ptz.move": Done,
    "ptz.presets": Presets,
    "snapshot.take": Picture,
    "events.replay": Replay,
    "config.show": Configuration,
    "agent.restart": Done,
}
"""The result of each command that an agent knows."""
