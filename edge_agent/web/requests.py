"""Bodies of what the page asks of a camera, as models that check them."""

from typing import Annotated, Self

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, model_validator

Speed = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]
"""Of the fastest that a camera moves."""


class Body(BaseModel):
    """Base of them all."""

    model_config = ConfigDict(extra="forbid")


class SayRequest(Body):
    """Body of ``POST /api/cameras/{camera}/say``: a message of the catalogue, or free text."""

    message: Annotated[str, StringConstraints(max_length=64)] = ""
    text: Annotated[str, StringConstraints(strip_whitespace=True, max_length=500)] = ""
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2}(-[A-Z]{2})?$")]

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        if bool(self.message) == bool(self.text):
            raise ValueError("give either a message of the catalogue or a text")
        return self


class VolumeRequest(Body):
    """Body of ``POST /api/cameras/{camera}/volume``: decibels, 0 is as loud as it gets undistorted."""

    volume: Annotated[float, Field(ge=-40, le=0, allow_inf_nan=False)]


class MoveRequest(Body):
    """Body of ``POST /api/cameras/{camera}/ptz``: speeds, ``stop``, or a preset to go to."""

    pan: Speed = 0.0
    tilt: Speed = 0.0
    zoom: Speed = 0.0
    stop: bool = False
    preset: Annotated[str, StringConstraints(max_length=64)] = ""

    @model_validator(mode="after")
    def _one_of_them(self) -> Self:
        speeds = bool(self.model_fields_set & {"pan", "tilt", "zoom"})
        if speeds + self.stop + bool(self.preset) != 1:
            raise ValueError("give pan, tilt and zoom, or stop, or a preset")
        return self
