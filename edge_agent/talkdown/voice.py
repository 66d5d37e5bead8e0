"""Everything that can be said, as sound: spoken or read from a recording once, mastered, and kept."""

import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

from edge_agent.aio.threads import own_thread
from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.cache import SoundCache
from edge_agent.talkdown.espeak import Espeak
from edge_agent.talkdown.messages import LONGEST_TEXT, filled, plain
from edge_agent.talkdown.piper import piper_voice
from edge_agent.talkdown.request import Request
from edge_agent.talkdown.settings import TalkdownSettings
from edge_agent.talkdown.sound import RATE, chime, joined, mastered, read_sound, resampled
from edge_agent.values.speech import Speech

log = logging.getLogger(__name__)

_LARGEST = 64 * 1024 * 1024
"""Bytes of a recording: a minute in stereo with 24 bits at 96 kHz has 35 million."""

_MASTERING = "mastering 2"
"""Part of every key in the cache; raise it when ``sound`` comes out otherwise."""


@dataclass(frozen=True, slots=True)
class Line:
    """One language of an utterance.

    Attributes:
        language: of the text.
        text: what the voice says, empty with a recording.
        recording: what is played instead.
        chime: whether two notes come first.
    """

    language: str
    text: str
    recording: Path | None = None
    chime: bool = False


class Voice:
    """The agent's voice.

    Args:
        settings: languages, speed and catalogue.
        cache: for what was rendered.
        espeak: shared with other voices; one of its own when left out.
        names: what stands for each of ``messages.PLACEHOLDERS``.
    """

    def __init__(
        self,
        settings: TalkdownSettings,
        cache: SoundCache,
        *,
        espeak: Espeak | None = None,
        names: Mapping[str, str] = MappingProxyType({"place": "", "camera": ""}),
    ) -> None:
        self._settings = settings
        self._cache = cache
        self._espeak = espeak or Espeak()
        self._names = names

    def at(self, *, place: str, camera: str) -> "Voice":
        """Returns the same voice as it speaks in one place."""
        return Voice(self._settings, self._cache, espeak=self._espeak, names={"place": place, "camera": camera})

    def script(self, request: Request) -> tuple[Line, ...]:
        """Returns what a request says, language by language.

        Raises:
            PermanentError: it asks for no known message, a language that the message lacks, or unfit words.
        """
        if bool(request.message) == bool(request.text):
            raise PermanentError(
                "a request says nothing or two things", "give either a message or a text", code="arguments_invalid"
            )
        if request.text:
            return (Line((request.languages or self._settings.languages)[0], _words(request.text)),)
        message = self._settings.messages.get(request.message)
        if message is None:
            known = ", ".join(sorted(self._settings.messages))
            raise PermanentError(
                f"there is no message {request.message[:64]!r}", f"choose one of: {known}", code="message_unknown"
            )
        spoken = message.languages
        chosen = request.languages or [name for name in self._settings.languages if name in spoken] or spoken[:1]
        if missing := [name for name in chosen if name not in spoken]:
            raise PermanentError(
                f"message {request.message!r} is not to be had in {missing[0][:20]!r}",
                f"choose from: {', '.join(spoken)}",
                code="language_unknown",
            )
        lines = [
            Line(name, "", recording)
            if (recording := message.recordings.get(name))
            else Line(name, plain(filled(message.texts[name], self._names)))
            for name in dict.fromkeys(chosen)
        ]
        lines[0] = replace(lines[0], chime=message.chime)
        return tuple(lines) * message.repeat

    async def speech(self, script: Sequence[Line]) -> Speech:
        """Returns a script as sound, from the cache where it was rendered before.

        Raises:
            TransientError: the voice took too long.
            PermanentError: a voice or a recording is missing or broken.
        """
        parts: list[Speech] = []
        for line in script:
            if line.chime:
                parts.append(chime())
            parts.append(await self._line(line))
        voices = dict.fromkeys(part.voice for part in parts if part.voice)
        return replace(joined(parts), voice=", ".join(voices))

    async def prepare(self) -> Sequence[AgentError]:
        """Renders the whole catalogue ahead, so that the first sound is quick; returns what could not be rendered."""
        failures: list[AgentError] = []
        for name, message in self._settings.messages.items():
            for line in self.script(Request("start", message=name, languages=message.languages)):
                try:
                    await self._line(line)
                except (TransientError, PermanentError) as exc:
                    failures.append(exc)
                    log.warning("message %s cannot be said in %s: %s", name, line.language, exc)
        return failures

    async def _line(self, line: Line) -> Speech:
        if line.recording is not None:
            path = line.recording
            return replace(await own_thread(lambda _: self._recorded(path), name="recording"), voice="recording")
        if model := self._settings.voices.get(line.language):
            try:
                return await self._by_piper(line, model)
            except (TransientError, PermanentError) as exc:
                log.warning("espeak-ng speaks %s instead of Piper: %s", line.language, exc)
        return await self._by_espeak(line)

    async def _by_piper(self, line: Line, model: Path) -> Speech:
        voice = await piper_voice(self._settings.piper, model)

        async def speak() -> Callable[[], Speech]:
            speech = await voice.speak(line.text, self._settings.speed)
            return lambda: resampled(speech, RATE)

        return await self._rendered(line, f"Piper {voice.name}", voice.edition, speak)

    async def _by_espeak(self, line: Line) -> Speech:
        voice = await self._espeak.voice(line.language)

        async def speak() -> Callable[[], Speech]:
            wav = await self._espeak.speak(line.text, voice, self._settings.speed)
            return lambda: read_sound(wav, f"the text in {line.language!r}")

        return await self._rendered(line, f"espeak-ng {voice}", self._espeak.version, speak)

    async def _rendered(
        self, line: Line, voice: str, edition: str, speak: Callable[[], Awaitable[Callable[[], Speech]]]
    ) -> Speech:
        """Returns a line from the cache, or has it spoken and keeps it; ``speak`` returns the rest for a thread."""
        key = (_MASTERING, edition, voice, str(self._settings.speed), line.text)
        found = await own_thread(lambda _: self._cache.find(*key), name="speech cache")
        if found is None:
            read = await speak()
            name = f"the text in {line.language!r}"
            found = await own_thread(lambda _: self._kept(read, name, key), name="speech")
        return replace(found, voice=voice)

    def _recorded(self, path: Path) -> Speech:
        if path.exists() and not path.is_file():  # to open a pipe would wait for its other end
            raise PermanentError(f"recording {path} cannot be read (it is no file)", "correct its path")
        try:
            with path.open("rb") as file:
                data = file.read(_LARGEST + 1)
        except OSError as exc:
            raise PermanentError(f"recording {path} cannot be read ({exc.strerror})", "correct its path") from exc
        if len(data) > _LARGEST:
            raise PermanentError(f"recording {path} is larger than {_LARGEST // 2**20} MiB", "shorten it")
        key = (_MASTERING, data)
        found = self._cache.find(*key)
        return found or self._kept(lambda: read_sound(data, f"recording {path}"), f"recording {path}", key)

    def _kept(self, read: Callable[[], Speech], name: str, key: tuple[str | bytes, ...]) -> Speech:
        speech = mastered(read(), name)
        try:
            self._cache.keep(speech, *key)
        except TransientError as exc:
            log.warning("a message is rendered each time it is said: %s", exc)
        return speech


def _words(text: str) -> str:
    if len(text) > LONGEST_TEXT:
        raise PermanentError(f"the text has more than {LONGEST_TEXT} characters", "shorten it", code="text_too_long")
    words = plain(text)
    if not words:
        raise PermanentError("the text is empty", "write what to say", code="text_empty")
    return words
