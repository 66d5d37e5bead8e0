"""What a camera's session description says about its loudspeaker (RFC 4566, ONVIF Streaming Specification 5.3)."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from edge_agent.errors import PermanentError
from edge_agent.talkdown.rtsp.coding import Format, best

_STATIC = {0: ("PCMU", 8_000), 2: ("G726-32", 8_000), 8: ("PCMA", 8_000), 11: ("L16", 44_100)}
"""Payload types that need no ``rtpmap`` (RFC 3551, table 4)."""

_MAP = re.compile(r"(\d{1,3})\s+([\w.-]+)/(\d{1,6})(?:/(\d{1,2}))?")

_PARAMETERS = re.compile(r"(\d{1,3})\s+(.{1,1000})")

OTHER_KINDS = "choose another kind of speaker for it, such as alsa, or switch the camera's audio output on"


@dataclass(frozen=True, slots=True)
class Backchannel:
    """How a loudspeaker wants its sound.

    Attributes:
        control: address for SETUP.
        format: codec and rate.
    """

    control: str
    format: Format


def find_backchannel(description: bytes, base: str, *, live: bool = False) -> tuple[str, Backchannel]:
    """Returns the presentation's address and the audio stream towards the camera in which a voice sounds best.

    Args:
        description: the body of the answer to DESCRIBE.
        base: address that relative controls are resolved against (RFC 2326, appendix C.1.1).
        live: see ``coding.best``.

    Raises:
        PermanentError: there is none.
    """
    offered: list[Backchannel] = []
    presentation = base
    for media, attributes in _sections(description.decode("utf-8", "replace")):
        fields = media.split()
        control = next((a.removeprefix("control:") for a in attributes if a.startswith("control:")), "*")
        if not fields:
            presentation = _resolved(base, control)
        if fields[:1] != ["audio"] or "sendonly" not in attributes:
            continue
        offered += [Backchannel(_resolved(base, control), one) for one in _formats(fields[3:], attributes)]
    chosen = best([one.format for one in offered], live=live)
    for one in offered:
        if one.format is chosen:
            return presentation, one
    if offered:
        named = ", ".join(f"{one.format.name}/{one.format.rate}" for one in offered[:8])
        raise PermanentError(
            f"this camera's loudspeaker takes only {named}",
            "set its audio input to G.711 (PCMU or PCMA), AAC-LC or G.726",
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


def _formats(payload_types: list[str], attributes: list[str]) -> Iterator[Format]:
    """Yields the mono formats of a section, in the camera's order of preference."""
    maps: dict[int, tuple[str, int]] = dict(_STATIC)
    for found in _found(_MAP, "rtpmap:", attributes):
        number, name, rate, channels = found.groups()
        if channels in (None, "1"):
            maps[int(number)] = (name.upper(), int(rate))
        else:
            maps.pop(int(number), None)
    stated = {int(found[1]): _parameters(found[2]) for found in _found(_PARAMETERS, "fmtp:", attributes)}
    for number in payload_types:
        if number.isascii() and number.isdigit() and len(number) <= 3 and (encoding := maps.get(int(number))):  # noqa: PLR2004
            yield Format(int(number), *encoding, stated.get(int(number), {}))


def _found(form: re.Pattern[str], prefix: str, attributes: list[str]) -> Iterator[re.Match[str]]:
    for attribute in attributes:
        if attribute.startswith(prefix) and (found := form.match(attribute.removeprefix(prefix).strip())):
            yield found


def _parameters(text: str) -> dict[str, str]:
    pairs = (part.partition("=") for part in text.split(";"))
    return {name.strip().lower(): value.strip() for name, _, value in pairs}


def _resolved(base: str, control: str) -> str:
    """Appends a relative control as it is: cameras with a query in their address expect just that."""
    target = next(iter(control.split()), "*")
    if target == "*":
        return base
    if "://" in target:
        return target
    return f"{base.rstrip('/')}/{target.lstrip('/')}"
