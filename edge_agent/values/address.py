"""Addresses of cameras as people write them into settings."""

from collections.abc import Collection
from urllib.parse import SplitResult, urlsplit


def read_address(url: str, schemes: Collection[str], example: str) -> SplitResult:
    """Returns the parts of an address that may be connected to.

    Args:
        url: as it was written.
        schemes: what it may begin with, such as ``rtsp``.
        example: what to write instead, for people.

    Raises:
        ValueError: it is none; the sentence says why and does not repeat it, a password may be in it.
    """
    try:
        parts = urlsplit(url)
        port_is_fine = parts.port != 0
    except ValueError as exc:
        raise ValueError(f"is no address: {example}") from exc
    if parts.scheme not in schemes or not parts.hostname or not port_is_fine:
        raise ValueError(
            f"is no address that begins with {' or '.join(f'{scheme}://' for scheme in schemes)}: {example}"
        )
    if parts.username is not None:
        raise ValueError("holds credentials: write them into `username` and `password`, where they are kept secret")
    if not url.isprintable() or " " in url:
        raise ValueError("holds a space or a sign that cannot be seen: write %20 for a space that belongs to it")
    return parts
