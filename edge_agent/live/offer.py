"""What an offer must be before it reaches the WebRTC library."""

import ipaddress

from aiortc.sdp import MediaDescription, SessionDescription

from edge_agent.errors import PermanentError

LARGEST = 64 * 1024
"""Bytes of an offer; a browser's has 2 to 8 thousand."""

LINES = 1000
"""Lines of an offer; a browser's has 100 to 500, and parsing takes their square."""

SECTIONS = 4
"""Media sections; each costs sockets. A player asks for video, often for audio, perhaps for a data channel."""

CANDIDATES = 32
"""Addresses of a viewer; each is sent checks."""

SEND_UNCHANGED = "send the SDP that the browser made, unchanged"


def admit(offer: str) -> str:
    """Returns a viewer's offer with only what is useful and harmless in it.

    Names instead of addresses go (a browser hides its own behind multicast names, and finds us by itself), and so does
    the end of candidates, since a viewer is also found by the checks that it sends.

    Raises:
        PermanentError: it is too large, malformed, or asks for no video that this agent can send.
    """
    kept, sections = _admitted(offer)
    videos = [section for section in sections if section.kind == "video"]
    if not any(section.direction in {None, "recvonly", "sendrecv"} for section in videos[:1]):
        raise PermanentError(
            "the offer does not ask for video", "offer a video section that is recvonly", code="offer_without_video"
        )
    if not _takes_h264(videos[0]):
        raise PermanentError(
            "the viewer does not offer H.264 with packetization-mode 1",
            "use a browser that plays H.264, or install its codec",
            code="offer_without_h264",
        )
    return kept


def admit_voice(offer: str) -> str:
    """Returns a microphone's offer with only what is useful and harmless in it, as ``admit`` does.

    Raises:
        PermanentError: it is too large, malformed, or not one voice in Opus.
    """
    kept, sections = _admitted(offer)
    if [section.kind for section in sections] != ["audio"] or sections[0].direction not in {"sendonly", "sendrecv"}:
        raise PermanentError(
            "the offer does not send one voice", "offer one audio section that is sendonly", code="offer_without_audio"
        )
    if not any(codec.mimeType.lower() == "audio/opus" for codec in sections[0].rtp.codecs):
        raise PermanentError(
            "the microphone does not offer Opus",
            "use a browser as it comes, they all speak it",
            code="offer_without_opus",
        )
    return kept


def _admitted(offer: str) -> tuple[str, list[MediaDescription]]:
    # Counted as they are split below: a lone return and other separators make lines too.
    lines = offer[: LARGEST + 1].splitlines()
    if len(offer) > LARGEST or len(lines) > LINES:
        raise PermanentError(
            f"the offer is larger than {LARGEST // 1024} kB or {LINES} lines",
            "offer fewer codecs and candidates",
            code="offer_too_large",
        )
    kept = _keep_useful(lines)
    sections = _parse(kept)
    if not 0 < len(sections) <= SECTIONS:
        raise PermanentError(
            f"the offer has {len(sections)} media sections",
            f"offer 1 to {SECTIONS}, one of them what this is about",
            code="offer_invalid",
        )
    return kept, sections


def _keep_useful(lines: list[str]) -> str:
    kept = []
    candidates = 0
    for line in lines:
        if line.startswith("a=candidate:"):
            candidates += 1
            if candidates > CANDIDATES or not _is_plain(line):
                continue
        if line.startswith("a=end-of-candidates"):
            continue
        kept.append(line)
    return "\r\n".join(kept) + "\r\n"


def _is_plain(candidate: str) -> bool:
    """Tells whether a candidate is a UDP address that a packet can be sent to (RFC 8839, section 5.1)."""
    parts = candidate.split()
    try:
        _, component, transport, _, address, port, *_ = parts
        host = ipaddress.ip_address(address)
        sendable = 0 < int(port) < 1 << 16 and not (host.is_unspecified or host.is_multicast or "%" in address)
    except ValueError:
        return False
    return sendable and component == "1" and transport.lower() == "udp"


def _parse(offer: str) -> list[MediaDescription]:
    try:
        description = SessionDescription.parse(offer)
        sections: list[MediaDescription] = description.media
        complete = all(_is_complete(section) for section in sections) and _is_consistent(description)
    except Exception as exc:
        # The parser raises whatever a malformed line trips: ValueError, AssertionError, KeyError, StopIteration.
        raise PermanentError("the offer is not a session description", SEND_UNCHANGED, code="offer_invalid") from exc
    if not complete:
        raise PermanentError("the offer lacks ICE, DTLS or bundle parameters", SEND_UNCHANGED, code="offer_invalid")
    return sections


def _is_complete(section: MediaDescription) -> bool:
    encrypted = section.dtls is not None and bool(section.dtls.fingerprints)
    return encrypted and section.ice is not None and bool(section.ice.usernameFragment and section.ice.password)


def _is_consistent(description: SessionDescription) -> bool:
    """Tells whether each section has its own name and a bundle names only them (RFC 9143), as the library expects."""
    names = [section.rtp.muxId for section in description.media]
    bundled = [name for group in description.group if group.semantic == "BUNDLE" for name in group.items]
    unique = len(set(names)) == len(names) and len(set(bundled)) == len(bundled)
    return unique and all(names) and set(bundled) <= set(names)


def _takes_h264(section: MediaDescription) -> bool:
    return any(
        codec.mimeType.lower() == "video/h264" and str(codec.parameters.get("packetization-mode", "0")) == "1"
        for codec in section.rtp.codecs
    )
