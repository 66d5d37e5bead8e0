"""A real counterpart as a child process that is ready before a test goes on and gone after it."""

import os
import select
import signal
import socket
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Self

PATIENCE = 30.0
"""Seconds that a peer may take to start or to leave; generous, because machines that test are busy."""


def free_port() -> int:
    """Returns a TCP port of the loopback that nobody listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


class Peer:
    """One child process; ended by its id, whatever happens.

    Args:
        command: program and arguments.
        log: file that gets its error output.
    """

    def __init__(self, command: Sequence[str], log: Path) -> None:
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=errors, start_new_session=True
            )
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    @property
    def output(self) -> str:
        """What it wrote to its error output."""
        return self._log.read_text(errors="replace")

    def line(self) -> str:
        """Waits for the next line of its standard output."""
        assert self._process.stdout is not None
        ready, _, _ = select.select([self._process.stdout], [], [], PATIENCE)
        text = self._process.stdout.readline().decode() if ready else ""
        if not text:
            self.kill()
            raise AssertionError(f"{self._process.args!r} said nothing: {self.output}")
        return text

    def tell(self, line: str) -> None:
        """Writes a line to its standard input."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n".encode())
        self._process.stdin.flush()

    def wait_for_port(self, port: int) -> None:
        """Waits until somebody listens on a port of the loopback."""
        deadline = time.monotonic() + PATIENCE
        while time.monotonic() < deadline and self._process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    return
            time.sleep(0.02)
        self.kill()
        raise AssertionError(f"{self._process.args!r} does not listen on {port}: {self.output}")

    def freeze(self) -> None:
        """Stops it in the middle of whatever it does: connections stay open and dead."""
        self._process.send_signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Lets it go on after ``freeze``."""
        self._process.send_signal(signal.SIGCONT)

    def stop(self) -> None:
        """Asks it to leave, and ends it if it does not."""
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(5.0)
            except subprocess.TimeoutExpired:
                self._process.kill()
        self._reap()

    def kill(self) -> None:
        """Ends it at once, as a power cut would."""
        self._process.kill()
        self._reap()

    def _reap(self) -> None:
        self._process.wait(PATIENCE)
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                try:
                    pipe.close()
                except BrokenPipeError:
                    continue

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()


def missing(*programs: str) -> list[str]:
    """Returns those of the programs that are not on this machine."""
    folders = os.get_exec_path()
    return [name for name in programs if not any((Path(folder) / name).exists() for folder in folders)]
