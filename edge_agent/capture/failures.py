"""What FFmpeg's errors mean to whoever installs a camera: one table, from the narrow to the wide.

FFmpeg puts the whole address into its messages, with the password in it, so that nothing of them is passed on.
"""

import errno

from av import error

from edge_agent.errors import PermanentError, TransientError

_TABLE: tuple[tuple[type[BaseException], type[TransientError | PermanentError], str, str], ...] = (
    (
        error.HTTPUnauthorizedError,
        PermanentError,
        "{where} refused the user name or password",
        "correct `username` and `password`; some cameras lock an account for minutes after wrong ones",
    ),
    (
        error.HTTPForbiddenError,
        PermanentError,
        "{where} does not let this user see the stream",
        "give the user the right to watch live video in the camera's own settings",
    ),
    (
        error.HTTPNotFoundError,
        PermanentError,
        "{where} has no stream at this path",
        "look up the path of its RTSP stream in its manual or by ONVIF and correct `url`",
    ),
    (
        error.HTTPClientError,
        TransientError,
        "{where} refused the stream",
        "try the other `transport`, and look whether too many viewers are connected to it",
    ),
    (error.HTTPServerError, TransientError, "{where} has a fault of its own", "restart it if this goes on"),
    (
        error.ConnectionRefusedError,
        TransientError,
        "{where} refused the connection",
        "check the port, and that RTSP is switched on in the camera; it may still be starting",
    ),
    (error.ConnectionResetError, TransientError, "{where} closed the connection", "see whether it restarts by itself"),
    (error.BrokenPipeError, TransientError, "{where} closed the connection", "see whether it restarts by itself"),
    (
        error.TimeoutError,
        TransientError,
        "{where} does not answer",
        "check its power, its cable and the address; a firewall may be between",
    ),
    (
        error.ExitError,
        TransientError,
        "{where} sends nothing any more",
        "check its network; restart it if this goes on",
    ),
    (error.EOFError, TransientError, "{where} ended its stream", "see whether it restarts by itself"),
    (error.FileNotFoundError, PermanentError, "{where} does not exist", "correct the path or plug it in"),
    (
        error.PermissionError,
        PermanentError,
        "{where} may not be opened by the agent",
        "give the agent's user the right to read it; for a USB camera, add it to the group `video`",
    ),
    (
        error.InvalidDataError,
        TransientError,
        "{where} sent no video that can be read, or none in time",
        "check that it is the address of a video stream, and its network",
    ),
    (
        error.ProtocolNotFoundError,
        PermanentError,
        "{where} is asked for by a protocol that is not built in",
        "use rtsp:// or a camera that speaks it",
    ),
)

_UNREACHABLE = frozenset({errno.EHOSTUNREACH, errno.ENETUNREACH, errno.ENETDOWN, errno.EIO, errno.EADDRNOTAVAIL})


def failure(exc: error.FFmpegError, where: str) -> TransientError | PermanentError:
    """Returns what a failed call means.

    Args:
        exc: FFmpeg's error; its message is not looked at.
        where: what was opened or read, without credentials, as the subject of a sentence.
    """
    for kind, becomes, reason, remedy in _TABLE:
        if isinstance(exc, kind):
            return becomes(reason.format(where=where), remedy)
    if exc.errno in _UNREACHABLE:
        return TransientError(
            f"{where} cannot be reached", "check its power, its cable, the address and the name server"
        )
    if exc.errno == errno.EINVAL:
        return TransientError(
            f"{where} answers in a way that is not followed",
            "if it sends its viewers on to another address, write that one into `url`; a camera at the box may not know"
            " the `size` or `rate` that is set",
        )
    if exc.errno == errno.EBUSY:
        return TransientError(f"{where} is in use", "end the other program that reads it")
    if exc.errno == errno.ENODEV:
        return TransientError(f"{where} was unplugged", "plug it in again")
    return TransientError(f"{where} cannot be read (FFmpeg's error {exc.errno})", "restart it if this goes on")
