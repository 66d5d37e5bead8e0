"""A network of one's own: a namespace at the end of a virtual cable, which can be made thin or pulled out."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from itertools import count
from pathlib import Path

from tests.peers.peer import Peer, missing

ROOT = Path(__file__).resolve().parents[2]

_NUMBERS = count()


@cache
def may_make_networks() -> bool:
    """Tells whether this process may make namespaces and shape links; tries it once."""
    if os.geteuid() != 0 or missing("ip", "tc"):
        return False
    try:
        with network() as tried:
            tried.carry(1_000_000)
    except subprocess.CalledProcessError:
        return False
    return True


class Network:
    """A namespace and its cable; made by ``network``.

    Attributes:
        name: of the namespace.
        near: address of this machine on the cable.
        far: address in the namespace.
    """

    def __init__(self) -> None:
        number = next(_NUMBERS) % 200
        self.name = f"edge-{os.getpid()}-{number}"
        self._near, self._far = f"ea{os.getpid() % 100_000}n{number}", f"ea{os.getpid() % 100_000}f{number}"
        subnet = f"10.{100 + os.getpid() % 100}.{number}"
        self.near, self.far = f"{subnet}.1", f"{subnet}.2"
        _ip("netns", "add", self.name)
        try:
            _ip("link", "add", self._near, "type", "veth", "peer", "name", self._far, "netns", self.name)
            _ip("addr", "add", f"{self.near}/24", "dev", self._near)
            _ip("link", "set", self._near, "up")
            _ip("-n", self.name, "addr", "add", f"{self.far}/24", "dev", self._far)
            _ip("-n", self.name, "link", "set", self._far, "up")
            _ip("-n", self.name, "link", "set", "lo", "up")
        except BaseException:
            self.remove()
            raise

    def carry(self, bits: int | None) -> None:
        """Lets only so many bits a second through to the namespace, with a queue of 200 ms; None for all there are."""
        device = ["dev", self._near, "root"]
        if bits is None:
            subprocess.run(["tc", "qdisc", "del", *device], check=True)
        else:
            shape = ["tbf", "rate", f"{bits}bit", "burst", "16kb", "latency", "200ms"]
            subprocess.run(["tc", "qdisc", "replace", *device, *shape], check=True)

    def pull(self, *, near: bool = False) -> None:
        """Pulls the cable out at the far end, or at this machine's."""
        _ip(*([] if near else ["-n", self.name]), "link", "set", self._near if near else self._far, "down")

    def plug(self, *, near: bool = False) -> None:
        """Plugs it in again."""
        _ip(*([] if near else ["-n", self.name]), "link", "set", self._near if near else self._far, "up")

    def run(self, command: list[str], log: Path) -> Peer:
        """Starts a program in the namespace."""
        return Peer(["ip", "netns", "exec", self.name, *command], log)

    def python(self, module: str, log: Path, *arguments: str) -> Peer:
        """Starts a module of these tests in the namespace."""
        command = ["env", f"PYTHONPATH={ROOT}", sys.executable, "-m", module, *arguments]
        return self.run(command, log)

    def program(self, command: Path, folder: Path) -> Path:
        """Returns a program in a folder that starts another one in the namespace."""
        made = folder / f"{command.name}-{self.name}"
        made.write_text(f'#!/bin/sh\nexec ip netns exec {self.name} {command} "$@"\n')
        made.chmod(0o700)
        return made

    def remove(self) -> None:
        """Takes it away; the cable goes with its end."""
        subprocess.run(["ip", "netns", "del", self.name], check=False)


@contextmanager
def network() -> Iterator[Network]:
    """Makes a network for as long as the block runs."""
    made = Network()
    try:
        yield made
    finally:
        made.remove()


def _ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True)
