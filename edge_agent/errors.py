"""Errors by what the caller can do about them: wait and try again, or tell a person."""


class AgentError(Exception):
    """Something went wrong; the message is one sentence that ends with the remedy.

    Args:
        reason: what happened, as a person would say it.
        remedy: what to do about it; shown to installers beside the reason.
        code: a stable word for programs that ask for something and are refused; the class's own where none is given.
    """

    code = "failed"

    def __init__(self, reason: str, remedy: str = "", *, code: str = "") -> None:
        super().__init__(f"{reason}: {remedy}" if remedy else reason)
        self.reason = reason
        self.remedy = remedy
        self.code = code or self.code


class TransientError(AgentError):
    """It may pass by itself: warn and try again."""

    code = "unavailable"


class PermanentError(AgentError):
    """It stays until somebody changes something: report it and stop trying."""

    code = "refused"
