"""espeak-ng as a separate process (it is GPL-3): text in, sound out."""

import re
from collections.abc import Mapping

from edge_agent.errors import PermanentError
from edge_agent.talkdown.program import spoken

_OTHER = re.compile(r"\(([\w-]+) (\d+)\)")


class Espeak:
    """Speaks; asks the program once what it has.

    Attributes:
        version: the program's, for caches; known after ``voices``.
    """

    def __init__(self) -> None:
        self.version = ""
        self._voices: Mapping[str, str] = {}

    async def voice(self, language: str) -> str:
        """Returns the voice file that speaks a language.

        An unknown voice is not passed on: some versions then speak in English or in nothing, without an error.

        Raises:
            PermanentError: there is none, or espeak-ng is not installed.
        """
        if not self._voices:
            self.version = (await _run("--version")).decode("utf-8", "replace").partition("Data at")[0].strip()
            self._voices = parse_voices((await _run("--voices")).decode("utf-8", "replace"))
        if voice := self._voices.get(language.lower()):
            return voice
        raise PermanentError(
            f"espeak-ng has no voice for language {language!r}", "choose one that `espeak-ng --voices` lists"
        )

    async def speak(self, text: str, voice: str, speed: int) -> bytes:
        """Returns a WAV file, its length fields unset as espeak-ng leaves them on a pipe.

        Args:
            text: plain; goes through a pipe, never into the list of processes.
            voice: from ``voice``.
            speed: words a minute.

        Raises:
            TransientError: it took too long.
            PermanentError: espeak-ng failed.
        """
        return await _run("-b1", "--stdin", "--stdout", f"-v{voice}", f"-s{speed}", text=_literal(text).encode())


def parse_voices(listing: str) -> dict[str, str]:
    """Returns the best voice file for each language that ``espeak-ng --voices`` lists, without those of MBROLA."""
    best: dict[str, tuple[int, str]] = {}
    for line in listing.splitlines()[1:]:
        fields = line.split(maxsplit=5)
        if len(fields) < 5 or fields[4].startswith("mb/"):  # noqa: PLR2004 - columns; MBROLA is another program
            continue
        own, file = fields[1], fields[4]
        others = _OTHER.findall(fields[5]) if fields[5:] else []
        for language, priority in [(own, 0), *((name, int(rank)) for name, rank in others)]:
            best[language.lower()] = min(best.get(language.lower(), (priority, file)), (priority, file))
    return {language: file for language, (_, file) in best.items()}


def _literal(text: str) -> str:
    """Returns text that espeak-ng reads out: ``[[`` would begin phonemes."""
    return text.replace("[[", "[ [")


async def _run(*arguments: str, text: bytes = b"") -> bytes:
    return await spoken("espeak-ng", *arguments, text=text, install="apt install espeak-ng")
