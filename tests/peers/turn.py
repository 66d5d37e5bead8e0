"""A coturn of one's own, on addresses of the test's own networks."""

from collections.abc import Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from typing_extensions import override

from tests.peers.peer import Peer, free_port

SECRET = "only-for-tests"  # noqa: S105 - it guards nothing


class Turn(AbstractContextManager["Turn"]):
    """Relays for whoever has credentials made of ``SECRET``; ended with the block.

    Args:
        folder: for its log and files.
        addresses: where it listens and relays.

    Attributes:
        port: UDP, on each of the addresses.
    """

    def __init__(self, folder: Path, addresses: Sequence[str]) -> None:
        self.port = free_port()
        relaying = [word for address in addresses for word in ("-L", address, "-E", address)]
        self._peer = Peer(
            [
                *("turnserver", "-n", "-L", "127.0.0.1", *relaying, "-p", str(self.port), "--realm", "town.example"),
                *("--use-auth-secret", "--static-auth-secret", SECRET, "--fingerprint", "--no-cli"),
                *("--no-tls", "--no-dtls", "--no-tcp-relay", "--log-file", str(folder / "turn.txt"), "--simple-log"),
                *("--pidfile", str(folder / "turn.pid"), "--userdb", str(folder / "turn.sqlite")),
            ],
            folder / "turn.log",
        )
        self._peer.wait_for_port(self.port)

    def url(self, address: str) -> str:
        """Returns what a viewer writes to use it."""
        return f"turn:{address}:{self.port}?transport=udp"

    @override
    def __exit__(self, *_: object) -> None:
        self._peer.kill()
