"""Piper as a separate process: a neural voice from a file that the installer chose."""

import json
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from edge_agent.aio.threads import own_thread
from edge_agent.errors import PermanentError
from edge_agent.talkdown.program import spoken
from edge_agent.values.speech import Speech

_USUAL_SPEED = 150
"""Words a minute that a voice speaks at when it is left alone."""

_LARGEST_CARD = 1024 * 1024


@dataclass(frozen=True, slots=True)
class PiperVoice:
    """A voice of Piper.

    Attributes:
        program: Piper's name or path.
        model: the voice's ``.onnx`` file.
        rate: samples a second that it speaks at.
        edition: changes whenever the file does, for caches.
    """

    program: str
    model: Path
    rate: int
    edition: str

    @property
    def name(self) -> str:
        """As people know it, such as ``en_US-joe-medium``."""
        return self.model.stem

    async def speak(self, text: str, speed: int) -> Speech:
        """Returns plain text as sound.

        Args:
            text: goes through a pipe, never into the list of processes.
            speed: words a minute, roughly.

        Raises:
            TransientError: it took too long.
            PermanentError: Piper is not installed, or failed.
        """
        arguments = ("--model", str(self.model), "--length-scale", f"{_USUAL_SPEED / speed:.2f}", "--output-raw")
        install = "pipx install piper-tts, and name the program in talkdown.piper"
        sound = await spoken(self.program, *arguments, text=f"{text}\n".encode(), install=install)
        samples = np.frombuffer(sound[: len(sound) // 2 * 2], "<i2").astype(np.int16)
        samples.flags.writeable = False
        return Speech(samples, self.rate)


async def piper_voice(program: str, model: Path) -> PiperVoice:
    """Returns the voice in a file, whose description ``.onnx.json`` lies beside it.

    Raises:
        PermanentError: one of the two files is missing or broken.
    """
    return await own_thread(lambda _: _read(program, model), name="voice")


def _read(program: str, model: Path) -> PiperVoice:
    card = model.with_name(f"{model.name}.json")
    try:
        found = model.stat()
        with card.open("rb") as file:
            rate = int(json.loads(file.read(_LARGEST_CARD))["audio"]["sample_rate"])
    except OSError as exc:
        raise PermanentError(
            f"Piper's voice {exc.filename} cannot be read ({exc.strerror})",
            "put the .onnx and its .onnx.json there",
        ) from exc
    except (ValueError, LookupError, TypeError) as exc:
        raise PermanentError(f"{card} describes no voice of Piper", "download both of the voice's files again") from exc
    return PiperVoice(program, model, rate, f"{found.st_size} {found.st_mtime_ns}")
