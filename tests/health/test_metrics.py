"""What Prometheus reads, by Prometheus's own parser."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge_agent.health.metrics import Metrics

parser = pytest.importorskip("prometheus_client.parser")


def test_figures_are_read_when_asked() -> None:
    metrics, depth, drops = Metrics(), [3], {"street": 1.0, "square": 2.5}
    metrics.gauge("outbox_events", "Events that wait.", lambda: depth[0])
    metrics.counter("frames_dropped", "Frames that nobody saw.", lambda: drops, label="camera")
    depth[0] = 4
    families = {family.name: family for family in parser.text_string_to_metric_families(metrics.render().decode())}
    assert families["edge_agent_outbox_events"].samples[0].value == 4
    dropped = families["edge_agent_frames_dropped"]
    assert dropped.type == "counter"
    assert {sample.labels["camera"]: sample.value for sample in dropped.samples} == drops


@given(st.text(st.characters(exclude_characters="\r", codec="utf-8"), min_size=1), st.floats(allow_nan=False))
def test_any_label_and_number_comes_through(name: str, value: float) -> None:
    metrics = Metrics()
    metrics.gauge("x", "Any\nthing \\ at all.", lambda: {name: value}, label="camera")
    (family,) = parser.text_string_to_metric_families(metrics.render().decode())
    assert [(sample.labels["camera"], sample.value) for sample in family.samples] == [(name, value)]
