"""A loudspeaker on the box itself, through ALSA and whatever stands behind it (PipeWire, PulseAudio).

``aplay`` plays, as a process of its own: a sound driver that hangs is killed with it, where a thread inside a native
call could not be; and stopping is immediate, without draining half a second of buffer.
"""

import asyncio
from asyncio.subprocess import DEVNULL, PIPE, Process
from collections.abc import Callable
from typing import Literal

import numpy as np
from pydantic import Field
from typing_extensions import override

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.sound import RATE
from edge_agent.talkdown.speakers import Speaker, SpeakerSettings
from edge_agent.values.speech import Speech

_CHUNK = 4096
"""Bytes written at a time, a tenth of a second."""

_GRACE = 5.0
"""Seconds beyond the length of the speech after which a device that does not play is given up."""


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

    async def play(self, speech: Speech, started: Callable[[], None]) -> None:
        """See ``Speaker``; ALSA resamples where the card does not know the rate."""
        loop = asyncio.get_running_loop()
        process = await self._aplay(speech.rate)
        try:
            begun = loop.time()
            async with asyncio.timeout(speech.seconds + _GRACE):
                complaint = await self._feed(process, speech.samples.astype("<i2").tobytes(), started)
                await process.wait()
        except TimeoutError as exc:
            raise TransientError(f"sound device {self._device} does not play", "check it with: speaker-test") from exc
        finally:
            if process.returncode is None:
                process.kill()
                await process.wait()
        if process.returncode:
            raise _told(self._device, complaint)
        await asyncio.sleep(begun + speech.seconds - loop.time())

    async def probe(self) -> str:
        """See ``Speaker``; a moment of silence is the only question that every sound card answers."""
        await self.play(Speech(np.zeros(RATE // 20, np.int16), RATE), lambda: None)
        return f"16 bit PCM at {RATE} Hz"

    async def _aplay(self, rate: int) -> Process:
        arguments = ("--quiet", f"--device={self._device}", "--file-type=raw", "--format=S16_LE", "--channels=1")
        try:
            return await asyncio.create_subprocess_exec(
                "aplay", *arguments, f"--rate={rate}", stdin=PIPE, stdout=DEVNULL, stderr=PIPE
            )
        except (FileNotFoundError, PermissionError) as exc:
            raise PermanentError("aplay is not installed", "apt install alsa-utils") from exc

    async def _feed(self, process: Process, data: bytes, started: Callable[[], None]) -> str:
        """Writes the sound as fast as aplay takes it and returns what aplay complained of."""
        if process.stdin is None or process.stderr is None:
            raise AssertionError("both were asked for")
        try:
            for offset in range(0, len(data), _CHUNK):
                process.stdin.write(data[offset : offset + _CHUNK])
                await process.stdin.drain()
                if offset == 0:
                    started()
        except (BrokenPipeError, ConnectionResetError):
            pass  # it gave up; its complaint and its exit code say why
        process.stdin.close()
        return (await process.stderr.read(_CHUNK)).decode("utf-8", "replace")


def _told(device: str, complaint: str) -> AgentError:
    lines = [line for line in complaint.splitlines() if line.startswith("aplay:")] or complaint.splitlines()
    said = lines[0][:200] if lines else "no reason given"
    if "busy" in complaint:
        return TransientError(f"sound device {device} is busy ({said})", "another program holds it")
    return PermanentError(f"sound device {device} does not play ({said})", "choose one that aplay -L lists")
