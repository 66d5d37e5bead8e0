"""How a viewer or a voice is told the servers that help it through address translation (RFC 9725, section 4.6)."""

from collections.abc import Sequence

from multidict import CIMultiDict

from edge_agent.web.site import IceServer


def ice_links(servers: Sequence[IceServer]) -> CIMultiDict[str]:
    """Returns a ``Link`` header for each address of each server."""
    headers: CIMultiDict[str] = CIMultiDict()
    for server in servers:
        credential = server.credential.get_secret_value()
        for url in server.urls:
            link = f'<{url}>; rel="ice-server"'
            if url.startswith("turn"):
                link += f"; username={_quoted(server.username)}; credential={_quoted(credential)}"
                link += '; credential-type="password"'
            headers.add("Link", link)
    return headers


def _quoted(text: str) -> str:
    """Returns a quoted-string (RFC 9110, section 5.6.4)."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'
