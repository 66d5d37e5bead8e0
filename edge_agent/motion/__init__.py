"""Stage 3, is it worth looking?"""

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, PositiveFloat

Fraction = Annotated[float, Field(ge=0, le=1)]

Area = Annotated[tuple[tuple[Fraction, Fraction], ...], Field(min_length=3)]
"""Corners (x, y) in fractions of the picture."""

LATE = 1.1
"""Times the bound that a key frame may need: a camera that keeps to it exactly is not to be decoded all the time, which
costs many times as much, because a packet was late."""


class MotionSettings(BaseModel):
    """When a camera's picture is worth looking at.

    Attributes:
        notice_within: seconds that movement may go unseen while the camera sleeps; somebody who walks needs more to
            cross a street. A camera whose key frames are further apart is decoded throughout.
        stay_awake: seconds to go on looking after the last movement; people stop at kerbs and doors for less.
        heartbeat: seconds after which to look anyway; a fallen person does not move, and help comes in minutes.
        smallest: share of the picture that must move; somebody 2 % of the picture's height is this small.
        area: what the detector looks at: the whole ``picture``, or what is ``moving`` and who is followed, which it
            then sees larger; the whole once a second all the same.
        ignore: areas that move without meaning anything: trees, flags, the camera's clock.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    notice_within: PositiveFloat = 2.0
    stay_awake: PositiveFloat = 5.0
    heartbeat: PositiveFloat = 10.0
    smallest: float = Field(0.0001, gt=0, lt=1)
    area: Literal["picture", "moving"] = "picture"
    ignore: tuple[Area, ...] = ()
