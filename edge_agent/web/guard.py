"""What stands before every address: by which name and from which page a request comes, and who sends it."""

import ipaddress
from urllib.parse import urlsplit

from aiohttp import hdrs, web

from edge_agent.errors import PermanentError
from edge_agent.web.answers import Handler
from edge_agent.web.document import POLICY
from edge_agent.web.door import Door, Visitor
from edge_agent.web.settings import PageSettings

OPEN = ("/static/", "/healthz", "/api/login")
"""Beginnings of addresses that anybody may ask for: what a browser needs to sign in, and the supervisor's probe."""

VISITOR = web.RequestKey("visitor", Visitor)
"""Under this key a request carries who asks, once the door let it pass."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=()",
    "Cross-Origin-Opener-Policy": "same-origin",
}

PREFLIGHT = {
    "Access-Control-Allow-Methods": "POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Authorization, Content-Type, Idempotency-Key",
    "Access-Control-Max-Age": "600",
}


class Guard:
    """Refuses what does not come from this box's own page, from a program, or from an origin in the settings.

    Args:
        settings: names and origins.
        door: who may pass.
    """

    def __init__(self, settings: PageSettings, door: Door) -> None:
        self._aliases = frozenset(_plain(host) for host in settings.hosts)
        self._hosts = self._aliases | {_plain(settings.host)}
        self._origins = frozenset(settings.origins)
        self._door = door

    @web.middleware
    async def check(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Lets a request through to its address, or refuses it."""
        self._check_host(request)
        foreign = self._check_origin(request)
        if foreign and request.method == hdrs.METH_OPTIONS and hdrs.ACCESS_CONTROL_REQUEST_METHOD in request.headers:
            return web.Response(status=204, headers=PREFLIGHT)
        if request.path != "/" and not request.path.startswith(OPEN):
            request[VISITOR] = self._door.admit(request)
        return await handler(request)

    async def add_headers(self, request: web.Request, response: web.StreamResponse) -> None:
        """Adds what every answer carries; a signal, so that streams and refusals carry it too."""
        response.headers.extend({name: value for name, value in HEADERS.items() if name not in response.headers})
        response.headers.setdefault("Cache-Control", "no-cache" if request.path.startswith("/static/") else "no-store")
        origin = request.headers.get("Origin", "").lower()
        if origin in self._origins:
            response.headers["Access-Control-Allow-Origin"] = origin
            response.headers["Access-Control-Expose-Headers"] = "Location, Link, Waiting"
            response.headers["Vary"] = "Origin"

    def _check_host(self, request: web.Request) -> None:
        host = _name(request.host)
        listening = request.transport.get_extra_info("sockname") if request.transport else None
        address = _plain(str(listening[0])) if listening else ""
        own = host == address or host in self._hosts or (host == "localhost" and _is_loopback(address))
        if not own:
            raise PermanentError(
                "this box is not called by that name",
                "use its address, or add the name to web.hosts",
                code="host_unknown",
            )

    def _check_origin(self, request: web.Request) -> bool:
        """Returns whether the request comes from a foreign page that is allowed to play cameras."""
        origin = request.headers.get("Origin", "").lower()
        place = origin.partition("://")[2]
        # A proxy may say another Host than the one that the browser sees, hence the names in the settings.
        if not origin or place == request.host.lower() or _name(place) in self._aliases:
            return False
        if origin in self._origins and request.path.startswith("/whep/"):
            return True
        raise PermanentError(
            "the request comes from another site's page",
            "open this box's own page; for a WHEP player elsewhere add its origin to web.origins",
            code="origin_foreign",
        )


def actor_of(request: web.Request) -> str:
    """Returns who asks, for the audit trail."""
    return request[VISITOR].name


def visitor_of(request: web.Request) -> Visitor:
    """Returns who asks, and with which login: what they open ends with it."""
    return request[VISITOR]


def _name(host: str) -> str:
    """Returns the host of a Host header without its port, as ``_plain`` does."""
    try:
        return _plain(urlsplit(f"//{host}").hostname or "")
    except ValueError:
        return ""


def _plain(host: str) -> str:
    """Returns a name in small letters, an address in its shortest form, an IPv4 address in IPv6 as itself."""
    bare = host.lower().strip("[]").removesuffix(".")
    try:
        address = ipaddress.ip_address(bare)
    except ValueError:
        return bare
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return str(mapped or address)


def _is_loopback(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False
