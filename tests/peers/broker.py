"""A mosquitto broker of one's own: MQTT 3.1.1 and 5 on a free port of the loopback."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

from tests.peers.peer import Peer, free_port


class Broker:
    """A broker that can be switched off and on at the same address.

    Args:
        folder: for its configuration and log.
        users: passwords by user name; without any, everybody may connect.
        acl: lines of mosquitto's ACL file.
        settings: more lines of its configuration, such as ``max_packet_size 100000``.
        persistent: whether sessions and retained messages outlive a restart.

    Attributes:
        host: address.
        port: TCP port.
    """

    def __init__(
        self,
        folder: Path,
        *,
        users: Mapping[str, str] | None = None,
        acl: str = "",
        settings: str = "",
        persistent: bool = True,
    ) -> None:
        self.host = "127.0.0.1"
        self.port = free_port()
        self._folder = folder
        lines = [
            f"listener {self.port} {self.host}",
            f"allow_anonymous {'false' if users else 'true'}",
            f"persistence {'true' if persistent else 'false'}",
            f"persistence_location {folder}/",
            "autosave_interval 1",
            "user root",  # else it drops to an account that cannot read a temporary folder; ignored unless it is root
            "log_type all",
            "log_dest stderr",
            settings,
        ]
        if users:
            passwords = folder / "passwords"
            passwords.touch(0o600)
            for name, password in users.items():
                subprocess.run(["mosquitto_passwd", "-b", str(passwords), name, password], check=True)
            lines.append(f"password_file {passwords}")
        if acl:
            (folder / "acl").write_text(acl)
            (folder / "acl").chmod(0o600)
            lines.append(f"acl_file {folder}/acl")
        (folder / "mosquitto.conf").write_text("\n".join(lines) + "\n")
        self.start()

    @property
    def log(self) -> str:
        """What it did so far."""
        return self._peer.output

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._peer.pid

    def start(self) -> None:
        """Switches it on, again at the same address after ``stop`` or ``kill``."""
        command = ["mosquitto", "-c", str(self._folder / "mosquitto.conf")]
        self._peer = Peer(command, self._folder / "mosquitto.log")
        self._peer.wait_for_port(self.port)

    def stop(self) -> None:
        """Switches it off in good order."""
        self._peer.stop()

    def kill(self) -> None:
        """Takes its power away."""
        self._peer.kill()

    def freeze(self) -> None:
        """Stops it in the middle of everything; connections stay open and dead."""
        self._peer.freeze()

    def thaw(self) -> None:
        """Lets it go on after ``freeze``."""
        self._peer.thaw()
