"""What lets the agent in: certificates and a token, read anew for each connection, so that they may be renewed."""

import asyncio
import ssl
from dataclasses import dataclass, field

from typing_extensions import override

from edge_agent.errors import PermanentError
from edge_agent.uplink.settings import MqttSettings, TlsSettings

_LARGEST = 65_535  # bytes of a password (MQTT 5, section 3.1.3.6)


@dataclass(frozen=True, slots=True)
class Access:
    """What one connection needs.

    Attributes:
        context: of TLS, None for none.
        password: None for none.
    """

    context: ssl.SSLContext | None = None
    password: str | None = field(default=None, repr=False)


async def read_access(settings: MqttSettings) -> Access:
    """Reads the files that the settings name.

    Raises:
        PermanentError: when one cannot be read or holds something else.
    """
    return await asyncio.to_thread(_read, settings)


def _read(settings: MqttSettings) -> Access:
    try:
        context = _context(settings.tls) if settings.tls else None
    except OSError as exc:
        raise PermanentError(f"the TLS files cannot be used ({exc})", "correct the files that mqtt.tls names") from exc
    password = settings.password.get_secret_value()
    if settings.token:
        remedy = "let mqtt.token name a text file that holds one token"
        try:
            with settings.token.open(encoding="ascii") as file:
                password = file.read(_LARGEST + 1).strip()
        except (OSError, UnicodeDecodeError) as exc:
            raise PermanentError(f"the token {settings.token} cannot be read ({exc})", remedy) from exc
        if not 0 < len(password) <= _LARGEST:
            raise PermanentError(f"there is no token in {settings.token}", remedy)
    return Access(context, password or None)


def _context(settings: TlsSettings) -> ssl.SSLContext:
    context = ssl.create_default_context(cafile=settings.ca)
    context.sslsocket_class = _Tidy
    if settings.certificate and settings.key:
        context.load_cert_chain(settings.certificate, settings.key)
    return context


class _Tidy(ssl.SSLSocket):
    """Closes itself when the handshake fails; paho leaves that to the garbage collector."""

    @override
    def do_handshake(self, block: bool = False) -> None:
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise
