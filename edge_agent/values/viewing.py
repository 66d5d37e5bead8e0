"""What there is to watch of a camera, and what a viewer wishes to see of it."""

from enum import StrEnum


class StreamName(StrEnum):
    """A camera's streams."""

    MAIN = "main"
    SUB = "sub"


class Wish(StrEnum):
    """What a viewer asks for: one stream come what may, or what its link carries."""

    AUTO = "auto"
    MAIN = "main"
    SUB = "sub"
