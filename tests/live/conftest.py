"""A clip that every test of live view sends."""

import pytest

from edge_agent.values.packet import Packet
from tests.live.viewer import encode


@pytest.fixture(scope="module")
def packets() -> list[Packet]:
    """Key frames two seconds apart."""
    return encode()
