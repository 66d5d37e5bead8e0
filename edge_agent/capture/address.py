"""What a source asks to be opened."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from typing_extensions import override


@dataclass(frozen=True, slots=True)
class Address:
    """What to open, and how.

    Attributes:
        url: for FFmpeg, credentials in it; never shown.
        where: the same for people, as the subject of a sentence.
        format: FFmpeg's name of the demuxer, or None to find out.
        options: FFmpeg's options of the demuxer.
        connecting: seconds that opening may take.
        reading: seconds that one packet may take.
        reordered: whether packets come in another order than pictures are shown, as in films.
    """

    url: str
    where: str
    connecting: float
    reading: float
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    reordered: bool = False

    @override
    def __repr__(self) -> str:
        return f"Address({self.where})"
