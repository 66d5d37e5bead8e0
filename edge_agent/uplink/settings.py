"""How to reach the broker, and whose commands to obey."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

Host = Annotated[str, Field(min_length=1)]
Port = Annotated[int, Field(ge=1, le=65535)]


class TlsSettings(BaseModel):
    """Encryption; the broker's name is always checked.

    Attributes:
        ca: PEM file of the authority that signed the broker's certificate; the system's where empty.
        certificate: PEM file that says who the box is, for brokers that ask.
        key: PEM file of its private key.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    ca: Path | None = None
    certificate: Path | None = None
    key: Path | None = None

    @model_validator(mode="after")
    def _both_or_none(self) -> Self:
        if (self.certificate is None) != (self.key is None):
            raise ValueError("certificate and key belong together: give both or neither")
        return self


class CommandSettings(BaseModel):
    """Whose commands are obeyed.

    Attributes:
        keys: public keys that may sign, Ed25519 or P-256, as PEM text or the path of a PEM file, which may hold
            several and is read again when it changes; without any, no command is obeyed.
        unsigned_on_loopback: obey without a token, for a demonstration on one machine; refused for any other broker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    unsigned_on_loopback: bool = False


class Fallback(BaseModel):
    """Another broker of the same control room, spoken to in the same way.

    Attributes:
        host: its name or address.
        port: that of the first broker where it is left out.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Host
    port: Port | None = None


class MqttSettings(BaseModel):
    """The broker of the control room.

    Attributes:
        host: its name or address.
        port: 1883, or usually 8883 with TLS.
        fallbacks: brokers to speak to while the first is away, the better ones first; all else is as with the first.
        return_after: seconds until a better broker is tried again from a fallback; 600 spare a broker that comes and
            goes, and a control room that looks at the first one finds the box there soon.
        websocket: path of the broker's WebSocket, such as ``/mqtt``, where firewalls let nothing else through.
        protocol: MQTT version; 3.1.1 for brokers that know nothing newer.
        username: empty to give none.
        password: only with a user name.
        token: file with a token (JWT) that is given as the password; it is read again for each connection.
        tls: set it, even empty, to encrypt.
        keepalive: seconds of silence before either side asks whether the other is there; 30 notices a dead mobile link
            within a minute, keeps the entry of a mobile network's address translation, and costs two bytes each way.
        prefix: of every topic.
        commands: whose commands are obeyed.
        home_assistant: topic below which Home Assistant looks for devices, usually ``homeassistant``; nothing is told
            there where empty.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Host = "127.0.0.1"
    port: Port = 1883
    fallbacks: Annotated[tuple[Fallback, ...], Field(max_length=4)] = ()
    return_after: Annotated[float, Field(ge=1)] = 600.0
    websocket: Annotated[str, Field(pattern=r"^(/[A-Za-z0-9._~/-]*)?$")] = ""
    protocol: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password: SecretStr = SecretStr("")
    token: Path | None = None
    tls: TlsSettings | None = None
    keepalive: Annotated[int, Field(ge=5, le=1200)] = 30
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=64)] = "edge/v1"
    commands: CommandSettings = CommandSettings()
    home_assistant: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]*$", max_length=64)] = ""

    @property
    def brokers(self) -> tuple["MqttSettings", ...]:
        """The same settings for each broker, the best first."""
        others = ({"host": each.host, "port": each.port or self.port} for each in self.fallbacks)
        return (self, *(self.model_copy(update=address) for address in others))

    @property
    def address(self) -> str:
        """Where the broker is, for people."""
        return f"{self.host}:{self.port}{self.websocket}"

    @model_validator(mode="after")
    def _safe(self) -> Self:
        for host in (self.host, *(each.host for each in self.fallbacks)):
            if self.commands.unsigned_on_loopback and not is_loopback(host):
                raise ValueError(
                    f"commands.unsigned_on_loopback is for a broker on this machine, not {host}: "
                    "name the keys that may sign in commands.keys instead"
                )
        if self.password.get_secret_value() and self.token:
            raise ValueError("the token is given as the password: set one of both")
        if (self.password.get_secret_value() or self.token) and not self.username:
            raise ValueError("a password or token needs a username: set both")
        return self


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, told from its text alone: no name server is asked."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
