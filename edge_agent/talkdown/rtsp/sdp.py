"""What a camera's session description says about its loudspeaker (RFC 4566, ONVIF Streaming Specification 5.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.errors import PermanentError
from edge_agent.talkdown.rtsp.g711 import Codec

_STATIC = {0: "PCMU/8000", 8: "PCMA/8000"}
"""Payload types that need no ``rtpmap`` (RFC 3551, table 4)."""

_SPOKEN = {codec.value: codec for codec in Codec}

_RATES = range(8_000, 48_001)
"""Samples a second of a G.711 stream that we take: 8000 by the book, some cameras offer wider bands."""

_MAP = re.compile(r"(\d{1,3})\s+([\w.-]+)/(\d{1,6})(?:/(\d{1,2}))?")

OTHER_KINDS = "choose another kind of speaker for it, such as alsa, or switch the camera's audio output on"


@dataclass(frozen=True, slots=True)
class Backchannel:
    """How a loudspeaker wants its sound.

    Attributes:
        control: address for SETUP.
        payload_type: RTP payload type.
        codec: companding law.
        rate: samples a second.
    """

    control: str
    payload_type: int
    codec: Codec
    rate: int


def find_backchannel(description: bytes, base: str) -> tuple[str, Backchannel]:
    """Returns the presentation's address and its first audio stream towards the camera in a codec that we speak.

    Args:
        description: the body of the answer to DESCRIBE.
        base: address that relative controls are resolved against (RFC 2326, appendix C.1.1).

    Raises:
        PermanentError: there is none.
    """
    offered: list[str] = []
    presentation = base
    for media, attributes in _sections(description.decode("utf-8", "replace")):
        fields = media.split()
        control = next((a.removeprefix("control:") for a in attributes if a.startswith("control:")), "*")
        if not fields:
            presentation = _resolved(base, control)
        if fields[:1] != ["audio"] or "sendonly" not in attributes:
            continue
        for payload_type, name, rate in _formats(fields[3:], attributes):
            offered.append(f"{name}/{rate}")
            if (codec := _SPOKEN.get(name)) and rate in _RATES:
                return presentation, Backchannel(_resolved(base, control), payload_type, codec, rate)
    if offered:
        raise PermanentError(
            f"this camera's loudspeaker takes only {', '.join(offered[:8])}",
            "set its audio input to G.711 (PCMU or PCMA)",
        )
    raise PermanentError("this camera offers no loudspeaker by RTSP", OTHER_KINDS)


def _sections(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yields each media line's value with its attributes; first an empty one with the presentation's."""
    media, attributes = "", list[str]()
    for line in text.splitlines():
        kind, _, value = line.strip().partition("=")
        if kind == "m":
            yield media, attributes
            media, attributes = value, []
        elif kind == "a":
            attributes.append(value.strip())
    yield media, attributes


def _formats(payload_types: list[str], attributes: list[str]) -> Iterator[tuple[int, str, int]]:
    """Yields payload type, codec and rate of the mono formats, in the camera's order of preference."""
    maps = dict(_STATIC)
    for attribute in attributes:
        if attribute.startswith("rtpmap:") and (found := _MAP.match(attribute.removeprefix("rtpmap:").strip())):
            number, name, rate, channels = found.groups()
            if channels in (None, "1"):
                maps[int(number)] = f"{name.upper()}/{rate}"
            else:
                maps.pop(int(number), None)
    for number in payload_types:
        if number.isascii() and number.isdigit() and len(number) <= 3 and (encoding := maps.get(int(number))):  # noqa: PLR2004
            name, _, rate = encoding.partition("/")
            yield int(number), name, int(rate)


def _resolved(base: str, control: str) -> str:
    """Appends a relative control as it is: cameras with a query in their address expect just that."""
    target = next(iter(control.split()), "*")
    if target == "*":
        return base
    if "://" in target:
        return target
    return f"{base.rstrip('/')}/{target.lstrip('/')}"
