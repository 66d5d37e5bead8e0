"""Where a camera answers ONVIF requests."""

from typing import TYPE_CHECKING, Annotated, Self
from urllib.parse import SplitResult, urlsplit

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator, model_validator

from edge_agent.values.address import read_address

if TYPE_CHECKING:
    from edge_agent.onvif.device import OnvifDevice

EXAMPLE = "write http://192.0.2.10, with :port where it is not 80"


class OnvifSettings(BaseModel):
    """The camera's control interface.

    Attributes:
        url: ``http://`` or ``https://`` address of the camera, without path, user name and password. A camera's own
            certificate is not checked, since none has a name that an authority would sign.
        username: of an account that may move the camera, empty for none.
        password: of that account.
        ptz: whether people may turn and zoom the camera. A camera with privacy masks may not: they cover what they
            were drawn over only while it does not move.
        timeout: seconds that one request may take.
    """

    # An address that is refused for the password in it is not to be repeated.
    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    url: str
    username: str = ""
    password: SecretStr = SecretStr("")
    ptz: bool = True
    timeout: Annotated[float, Field(gt=0, le=30)] = 5.0

    @property
    def address(self) -> SplitResult:
        """The parts of ``url``."""
        return urlsplit(self.url)

    def build(self) -> "OnvifDevice":
        """Returns the camera; connects to nothing yet. Blocks: its library takes 0.4 s and 20 MB."""
        from edge_agent.onvif.device import OnvifDevice  # noqa: PLC0415 - most boxes turn no camera

        return OnvifDevice(self)

    @field_validator("url")
    @classmethod
    def _is_an_address(cls, url: str) -> str:
        parts = read_address(url, ("http", "https"), EXAMPLE)
        if parts.path.strip("/") or parts.query or parts.fragment:
            raise ValueError(f"holds a path, which ONVIF prescribes: {EXAMPLE}")
        return url

    @model_validator(mode="after")
    def _whose_password(self) -> Self:
        if self.password.get_secret_value() and not self.username:
            raise ValueError("a password needs a user name: set `username` too")
        return self
