"""What tests of decoding share: all packets of a clip at once."""

import threading
from pathlib import Path

from edge_agent.aio.clock import SystemClock
from edge_agent.capture.address import Address
from edge_agent.capture.demux import Demux
from edge_agent.values.packet import Packet


def packets(path: Path) -> list[Packet]:
    """Returns a film's packets, unpaced."""
    address = Address(url=str(path), where=f"the film {path}", connecting=10, reading=10, reordered=True)
    return list(Demux(address, SystemClock(), repeat=True).packets(threading.Event()))
