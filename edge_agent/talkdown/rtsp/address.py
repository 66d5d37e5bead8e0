"""Where a camera listens, and what it means when it does not."""

import ssl
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.rtsp.digest import Credentials


@dataclass(frozen=True, slots=True)
class Address:
    """Where a camera listens and how we sign in.

    Attributes:
        url: ``rtsp://`` or ``rtsps://``, without credentials.
        credentials: ours.
        timeout: seconds that the camera may take for a connection or an answer.
        certificate: PEM file of the one certificate that an ``rtsps://`` camera shows, whatever name it bears; None
            for one that the system trusts.
    """

    url: str
    credentials: Credentials
    timeout: float
    certificate: Path | None = None

    @property
    def sealed(self) -> bool:
        """Whether the connection is encrypted."""
        return urlsplit(self.url).scheme == "rtsps"

    @property
    def place(self) -> tuple[str, int]:
        """Host and port."""
        parts = urlsplit(self.url)
        return parts.hostname or "", parts.port or (322 if self.sealed else 554)

    def sealing(self) -> ssl.SSLContext:
        """Returns how the camera's certificate is checked; reads files, for a thread.

        Raises:
            OSError: the certificate cannot be read; ``unreachable`` tells what that means.
        """
        context = ssl.create_default_context(cafile=self.certificate)
        context.check_hostname = self.certificate is None
        return context

    def unreachable(self, exc: OSError) -> AgentError:
        """Returns what a failure to connect means to a person."""
        host, port = self.place
        if isinstance(exc, ssl.SSLCertVerificationError):
            return PermanentError(
                f"the certificate of {host}:{port} is not trusted ({exc.verify_message})",
                "name the camera's certificate in the loudspeaker's certificate setting",
            )
        if isinstance(exc, TimeoutError):
            return TransientError(
                f"{host}:{port} did not answer within {self.timeout:g} s", "check power and network of the camera"
            )
        if isinstance(exc, ConnectionRefusedError):
            return TransientError(f"{host}:{port} refused the connection", "check the port; the camera may be starting")
        remedy = "check address, power and network of the camera"
        return TransientError(f"cannot reach {host}:{port} ({exc.strerror or exc})", remedy)
