"""The demo's broker: the one that answers already, or else one of its own, on loopback only."""

import contextlib
import socket
from collections.abc import Iterator

from edge_agent.errors import PermanentError

LARGEST = 4 << 20
"""Bytes of one message: a snapshot of a 1280 pixel picture fits many times."""


@contextlib.contextmanager
def demo_broker(port: int) -> Iterator[str]:
    """Gives a broker on 127.0.0.1 for as long as the context lasts and says which one.

    Raises:
        PermanentError: none answers there and none can be started.
    """
    if _answers(port):
        yield f"the broker that answers on 127.0.0.1:{port} already"
        return
    try:
        from iotcore import Broker  # noqa: PLC0415 - needed only where no other broker is
    except ImportError as exc:
        remedy = "start one (apt install mosquitto), or pip install 'edge-agent[demo]'"
        raise PermanentError(f"no broker answers on 127.0.0.1:{port}", remedy) from exc
    try:
        with Broker(port=port, listen="127.0.0.1", max_payload_size=LARGEST):
            yield f"embedded (rumqttd) on 127.0.0.1:{port}"
    except (OSError, RuntimeError) as exc:
        raise PermanentError(
            f"the embedded broker did not start on 127.0.0.1:{port}", f"{exc}; choose --mqtt-port"
        ) from exc


def _answers(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=0.5):
        return True
    return False
