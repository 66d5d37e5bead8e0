"""What a camera's refusals mean to a person (RFC 2326, section 11; ONVIF Streaming Specification 5.3.1)."""

from edge_agent.errors import AgentError, PermanentError, TransientError
from edge_agent.talkdown.rtsp.sdp import OTHER_KINDS
from edge_agent.talkdown.rtsp.wire import Message

OK = 200
SESSION_LOST = 454

_RIGHTS = (PermanentError, "the camera's user may not speak", "give that user the right to use its audio output")
_LOST = (TransientError, "the camera lost the session", "it may be restarting")
_BUSY = (TransientError, "the camera's loudspeaker is busy", "somebody else may be talking")

_MEANINGS: dict[int, tuple[type[AgentError], str, str]] = {
    401: _RIGHTS,
    403: _RIGHTS,
    404: (PermanentError, "the camera knows no such path", "correct the path in the loudspeaker's url"),
    453: _BUSY,
    SESSION_LOST: _LOST,
    461: (PermanentError, "the camera refuses the transport", "set the loudspeaker's to the other of tcp and udp"),
    503: _BUSY,
    551: (PermanentError, "this camera offers no loudspeaker by RTSP", OTHER_KINDS),
}

_SERVERS_OWN = 500
"""Statuses from here on are faults of the camera's, which may pass."""


def refusal(method: str, answer: Message) -> AgentError:
    """Returns the error that an answer other than 200 stands for."""
    said = f"it answered {method} with {answer.reason!r}"
    if meaning := _MEANINGS.get(answer.status):
        kind, reason, remedy = meaning
        return kind(f"{reason} ({said})", remedy)
    if answer.status >= _SERVERS_OWN:
        return TransientError(f"the camera failed ({said})", "restart the camera if it happens again")
    return PermanentError(f"the camera refuses ({said})", "check the loudspeaker's url and the camera's audio settings")
