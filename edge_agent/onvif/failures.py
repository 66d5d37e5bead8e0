"""What the ONVIF library's errors mean to whoever installs a camera."""

import aiohttp
from onvif.exceptions import ONVIFAuthError, ONVIFError
from zeep.exceptions import Error as SoapError
from zeep.exceptions import Fault

from edge_agent.errors import PermanentError, TransientError

_TRIPS = (LookupError, AttributeError, ValueError)
"""What the library falls over where a camera's answer is not what ONVIF prescribes."""

RAISED = (ONVIFError, SoapError, aiohttp.ClientError, TimeoutError, OSError, *_TRIPS)
"""What a call may raise."""

_UNAUTHORISED = frozenset({401, 403})
_CREDENTIALS = "correct `username` and `password` of `onvif`; many cameras have ONVIF accounts of their own"


def failure(exc: Exception, where: str) -> TransientError | PermanentError:
    """Returns what a failed call means.

    Args:
        exc: one of ``RAISED``; of its text only a camera's own reason is passed on.
        where: the camera, as the subject of a sentence.
    """
    status = getattr(exc, "status_code", None) or getattr(exc, "status", None)
    if isinstance(exc, ONVIFAuthError) or status in _UNAUTHORISED or _is_refusal_of_credentials(exc):
        return PermanentError(f"{where} refused the user name or password", _CREDENTIALS, code="camera_unauthorised")
    if isinstance(exc, Fault):
        said = " ".join(str(exc.message or "no reason given").split())[:200]
        remedy = "look whether its settings allow it to this user, and whether the preset is still there"
        return PermanentError(f"{where} refused: {said}", remedy, code="camera_refused")
    if isinstance(exc, (SoapError, ONVIFError, *_TRIPS)):
        remedy = "check `onvif.url`, and that ONVIF is switched on in the camera's settings"
        return TransientError(f"{where} does not answer as ONVIF prescribes", remedy)
    remedy = "check its power, its network and `onvif.url`"
    return TransientError(f"{where} does not answer ONVIF requests", remedy)


def _is_refusal_of_credentials(exc: Exception) -> bool:
    """Looks at the reason as well: some cameras leave out the code that ONVIF prescribes (Core 5.11.2.2)."""
    if not isinstance(exc, Fault):
        return False
    told = (exc.code, *(exc.subcodes or ()), exc.message)
    said = " ".join(str(part) for part in told if part).lower().replace(" ", "")
    return "notauthorized" in said or "failedauthentication" in said
