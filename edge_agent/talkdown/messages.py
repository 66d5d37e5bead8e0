"""Messages: the form that settings give them, and those that come with the agent."""

import re
import unicodedata
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Self, TypeAlias

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

LONGEST_TEXT = 500
"""Characters: half a minute of speech."""

Language: TypeAlias = Annotated[str, Field(pattern=r"^[a-z]{2,3}(-[a-z0-9]{1,8})*$")]
"""As espeak-ng names it: ``fr``, ``en``, ``en-us``."""

PLACEHOLDERS = ("place", "camera")
"""What a message's text may leave open, in braces: what the camera looks at, and its name."""

_PLACEHOLDER = re.compile(r"\{(" + "|".join(PLACEHOLDERS) + r")\}")

_JOINERS = "\u200c\u200d"
"""Format characters that words in Persian or Hindi, and emoji, are written with."""


def plain(text: str) -> str:
    """Returns text without what cannot be heard: controls, which would steer a voice, and runs of white space."""
    seen = unicodedata.normalize("NFC", text)
    kept = (c if c in _JOINERS or unicodedata.category(c)[0] != "C" else " " for c in seen)
    return " ".join("".join(kept).split())


def filled(text: str, names: Mapping[str, str]) -> str:
    """Returns a message's text with its placeholders replaced.

    Args:
        text: checked by the settings.
        names: what stands for each of ``PLACEHOLDERS``.
    """
    return _PLACEHOLDER.sub(lambda found: names[found[1]], text)


def _spoken(text: str) -> str:
    words = plain(text)
    if not any(letter.isalnum() for letter in words):
        raise ValueError("write at least one word")
    if set("{}") & set(_PLACEHOLDER.sub("", words)):
        known = " and ".join(f"{{{name}}}" for name in PLACEHOLDERS)
        raise ValueError(f"braces hold a placeholder, of which there are {known}")
    return words


Text: TypeAlias = Annotated[str, Field(max_length=LONGEST_TEXT), AfterValidator(_spoken)]


class MessageSettings(BaseModel):
    """One message in all its languages.

    Attributes:
        texts: words by language, for the voice.
        recordings: sound files by language; they win over the voice.
        priority: 0 to 100; a higher one interrupts what sounds.
        chime: whether two notes come first, so that people look up before the first word.
        repeat: how often it is said in a row, all its languages each time.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    texts: dict[Language, Text] = {}
    recordings: dict[Language, Path] = {}
    priority: int = Field(50, ge=0, le=100)
    chime: bool = False
    repeat: int = Field(1, ge=1, le=3)

    @model_validator(mode="after")
    def _says_something(self) -> Self:
        if not self.languages:
            raise ValueError("give the message a text or a recording in at least one language")
        return self

    @property
    def languages(self) -> tuple[str, ...]:
        """Those that it can be said in."""
        return tuple(dict.fromkeys([*self.texts, *self.recordings]))


CATALOGUE: Mapping[str, MessageSettings] = {
    "mask": MessageSettings(
        texts={
            "fr": "Bonjour. Vous êtes dans une zone où le port du masque est obligatoire. Merci de le porter.",
            "en": "Hello. You are in an area where wearing a mask is mandatory, please put it on.",
            "de": "Guten Tag. Sie befinden sich in einem Bereich mit Maskenpflicht. Bitte setzen Sie Ihre Maske auf.",
            "es": "Hola. Está usted en una zona donde la mascarilla es obligatoria. Por favor, póngasela.",
            "it": "Buongiorno. Si trova in una zona dove la mascherina è obbligatoria. La indossi, per favore.",
        },
    ),
}
"""Messages that every agent knows."""
