"""An operator's account: who it is, and what they may do at which camera."""

from enum import StrEnum
from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

Name = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9._-]{0,62}$")]
"""Small letters, digits, dots, hyphens: it becomes the subject of signed commands and the name of a file."""

Pattern = Annotated[str, StringConstraints(pattern=r"^[a-z0-9*?-]{1,63}:[a-z0-9*?-]{1,63}$")]
"""Cameras such as ``box-1:street``, ``box-1:*`` or ``*:*``."""


class Action(StrEnum):
    """What an account may be allowed."""

    LIVE = "live"
    SPEAK = "speak"
    PTZ = "ptz"
    LAYOUT = "layout"


class Role(StrEnum):
    """What an account is for."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"


ALLOWED = {
    Role.VIEWER: frozenset({Action.LIVE, Action.LAYOUT}),
    Role.OPERATOR: frozenset(Action),
    Role.ADMIN: frozenset(Action),
}
"""What each role may do; an account may be allowed less."""


class Account(BaseModel):
    """One operator.

    Attributes:
        role: what they are for.
        cameras: which cameras they see; all of them unless said otherwise.
        actions: what they may do of what their role may; all of it where empty.
        password: what is kept of it, see ``passwords``.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    role: Role
    cameras: Annotated[tuple[Pattern, ...], Field(min_length=1)] = ("*:*",)
    actions: frozenset[Action] = frozenset()
    password: Annotated[str, Field(repr=False)]

    @property
    def sees_all(self) -> bool:
        """Whether no camera is hidden from them."""
        return "*:*" in self.cameras

    def sees(self, camera: str) -> bool:
        """Tells whether they may know of a camera, by its id in the control room."""
        return self.sees_all or any(fnmatchcase(camera, pattern) for pattern in self.cameras)

    def sees_box(self, agent: str) -> bool:
        """Tells whether they may know of a box: where they see any of its cameras."""
        return self.sees_all or any(fnmatchcase(agent, pattern.partition(":")[0]) for pattern in self.cameras)

    @property
    def possible(self) -> list[Action]:
        """All that they may do."""
        return [action for action in Action if self.may(action)]

    def may(self, action: Action) -> bool:
        """Tells whether they may do something at the cameras that they see."""
        return action in ALLOWED[self.role] and (not self.actions or action in self.actions)
