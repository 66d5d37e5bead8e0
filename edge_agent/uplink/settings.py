"""How to reach the broker, and whose commands to obey."""

import ipaddress
from pathlib import Path
from typing import Annotated, Literal, Self

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, EllipticCurvePublicKey
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key
from pydantic import BaseModel, ConfigDict, Field, SecretStr, model_validator

from edge_agent.errors import PermanentError

PublicKey = Ed25519PublicKey | EllipticCurvePublicKey


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
        keys: public keys that may sign, Ed25519 or P-256, as PEM text or the path of a PEM file; without any, no
            command is obeyed.
        unsigned_on_loopback: obey without a token, for a demonstration on one machine; refused for any other broker.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    keys: Annotated[tuple[str, ...], Field(max_length=8)] = ()
    unsigned_on_loopback: bool = False


class MqttSettings(BaseModel):
    """The broker of the control room.

    Attributes:
        host: its name or address.
        port: 1883, or usually 8883 with TLS.
        protocol: MQTT version; 3.1.1 for brokers that know nothing newer.
        username: empty to give none.
        password: only with a user name.
        tls: set it, even empty, to encrypt.
        keepalive: seconds of silence before either side asks whether the other is there; 30 notices a dead mobile link
            within a minute and costs two bytes each way.
        prefix: of every topic.
        commands: whose commands are obeyed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: Annotated[str, Field(min_length=1)] = "127.0.0.1"
    port: Annotated[int, Field(ge=1, le=65535)] = 1883
    protocol: Literal["5", "3.1.1"] = "5"
    username: str = ""
    password: SecretStr = SecretStr("")
    tls: TlsSettings | None = None
    keepalive: Annotated[int, Field(ge=5, le=1200)] = 30
    prefix: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]+(/[A-Za-z0-9_-]+)*$", max_length=64)] = "edge/v1"
    commands: CommandSettings = CommandSettings()

    @model_validator(mode="after")
    def _safe(self) -> Self:
        if self.commands.unsigned_on_loopback and not is_loopback(self.host):
            raise ValueError(
                f"commands.unsigned_on_loopback is for a broker on this machine, not {self.host}: "
                "name the keys that may sign in commands.keys instead"
            )
        if self.password.get_secret_value() and not self.username:
            raise ValueError("a password needs a username: set both")
        return self


def is_loopback(host: str) -> bool:
    """Whether a host is this machine, told from its text alone: no name server is asked."""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def trusted_keys(settings: CommandSettings) -> tuple[PublicKey, ...]:
    """Reads the keys that may sign commands; blocks on files, for the start.

    Raises:
        PermanentError: when one cannot be read or is of another kind.
    """
    return tuple(_key(text) for text in settings.keys)


def _key(text: str) -> PublicKey:
    inline = text.lstrip().startswith("-----BEGIN")
    named = "a key given as text" if inline else text
    remedy = "give an Ed25519 or P-256 public key in PEM: openssl genpkey -algorithm ed25519, then openssl pkey -pubout"
    try:
        key = load_pem_public_key(text.encode() if inline else Path(text).read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as exc:
        raise PermanentError(f"mqtt.commands.keys: {named} cannot be read as a public key ({exc})", remedy) from exc
    if isinstance(key, Ed25519PublicKey) or (
        isinstance(key, EllipticCurvePublicKey) and isinstance(key.curve, SECP256R1)
    ):
        return key
    raise PermanentError(f"mqtt.commands.keys: {named} is of another kind", remedy)
