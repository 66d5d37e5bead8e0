"""Redundant audio (RFC 2198): packets that bring those before them along, so that a lost one comes with the next."""

_MORE = 0x80
"""In a header's first byte: another header follows."""

_HEADER = 4
"""Bytes of every header but the last, which has one: payload type, 14 bits of time, 10 bits of length."""

_LENGTH = 0x3FF


def unpacked(payload: bytes) -> list[bytes]:
    """Returns the packets in a payload, the newest first; none where it is malformed."""
    lengths: list[int] = []
    at = 0
    while payload[at : at + 1] and payload[at] & _MORE:
        lengths.append(int.from_bytes(payload[at + 2 : at + _HEADER]) & _LENGTH)
        at += _HEADER
    at += 1
    if at + sum(lengths) > len(payload):
        return []
    packets: list[bytes] = []
    for length in lengths:
        packets.append(payload[at : at + length])
        at += length
    return [payload[at:], *reversed(packets)]
