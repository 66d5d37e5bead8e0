"""A loudspeaker on the box itself, through ALSA and whatever stands behind it (PipeWire, PulseAudio).

``aplay`` plays, as a process of its own: a sound driver that hangs is killed with it, where a thread inside a native
call could not be; and stopping is immediate, without draining half a second of buffer.
"""

import asyncio
import fcntl
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable, Iterator
from typing import Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field
from typing_extensions import override

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.blocks import Beat, cut
from edge_agent.talkdown.sound import RATE
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.values.speech import Sound, Speech

_AHEAD = 0.5
"""Seconds of a message that are given to ``aplay`` before they are due, so that a busy box is not heard as a gap."""

_LIVE_RATE = 48_000
_LIVE_BUFFER = 60_000
"""Samples a second and microseconds in the card's buffer while somebody talks: as late as the kernel allows."""

_PIPE = 4096
"""Bytes that wait for ``aplay`` then, the least that a pipe may hold: 43 ms."""

_MOST_SAID = 4096
"""Bytes of complaint that are read."""

_GRACE = 5.0
"""Seconds that a device may take no sound before it is given up."""


class AlsaSettings(SpeakerSettings):
    """A sound card, or a name from ``asound.conf``.

    Attributes:
        device: as ``aplay -L`` lists it; ``default`` is what the system's owner chose.
    """

    kind: Literal["alsa"] = "alsa"
    device: str = Field("default", pattern=r"^[A-Za-z][^\s\x00-\x1f]*$", max_length=200)

    @override
    def build(self) -> Speaker:
        """See ``SpeakerSettings``."""
        return AlsaSpeaker(self.device)


class AlsaSpeaker:
    """See ``Speaker``."""

    def __init__(self, device: str) -> None:
        self._device = device

    async def play(self, sound: Sound, started: Callable[[], None]) -> None:
        """See ``Speaker``; ALSA resamples where the card does not know the rate."""
        live = not isinstance(sound, Speech)
        rate = _LIVE_RATE if live else RATE
        blocks = await cut(sound, rate, rate // 50)
        process = await self._aplay(rate, live=live)
        beat = Beat(1 / 50, live=live, ahead=0.0 if live else _AHEAD)
        try:
            complaint = await self._feed(process, blocks, beat, started)
            async with asyncio.timeout(_AHEAD + _GRACE):
                await process.wait()
        except TimeoutError as exc:
            raise TransientError(f"sound device {self._device} does not play", "check it with: speaker-test") from exc
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise _told(self._device, complaint)
        await beat.over()

    async def probe(self) -> str:
        """See ``Speaker``; a moment of silence is the only question that every sound card answers."""
        await self.play(Speech(np.zeros(RATE // 20, np.int16), RATE), lambda: None)
        return f"16 bit PCM at {RATE} Hz"

    async def _aplay(self, rate: int, *, live: bool) -> Process:
        arguments = [f"--device={self._device}", "--file-type=raw", "--format=S16_LE", "--channels=1", f"--rate={rate}"]
        if live:
            arguments.append(f"--buffer-time={_LIVE_BUFFER}")
        try:
            process = await asyncio.create_subprocess_exec(
                "aplay", "--quiet", *arguments, stdin=PIPE, stdout=DEVNULL, stderr=PIPE
            )
        except (FileNotFoundError, PermissionError) as exc:
            raise PermanentError("aplay is not installed", "apt install alsa-utils") from exc
        if live and process.stdin is not None:
            # What lies in the pipe is heard that much later.
            pipe = process.stdin.transport.get_extra_info("pipe")
            fcntl.fcntl(pipe.fileno(), fcntl.F_SETPIPE_SZ, _PIPE)
            process.stdin.transport.set_write_buffer_limits(high=0)
        return process

    async def _feed(
        self, process: Process, blocks: Iterator[NDArray[np.int16]], beat: Beat, started: Callable[[], None]
    ) -> str:
        """Writes the sound in step with time and returns what aplay complained of."""
        if process.stdin is None or process.stderr is None:
            raise AssertionError("both were asked for")
        first = True
        try:
            while True:
                await beat.due()
                if (block := next(blocks, None)) is None:
                    break
                process.stdin.write(block.astype("<i2").tobytes())
                async with asyncio.timeout(_GRACE):
                    await process.stdin.drain()
                if first:
                    first = False
                    started()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it gave up; its complaint and its exit code say why
        process.stdin.close()
        return (await process.stderr.read(_MOST_SAID)).decode("utf-8", "replace")


def _told(device: str, complaint: str) -> AgentError:
    lines = [line for line in complaint.splitlines() if line.startswith("aplay:")] or complaint.splitlines()
    said = lines[0][:200] if lines else "no reason given"
    if "busy" in complaint:
        return TransientError(f"sound device {device} is busy ({said})", "another program holds it")
    return PermanentError(f"sound device {device} does not play ({said})", "choose one that aplay -L lists")
