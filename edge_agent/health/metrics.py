"""Figures for Prometheus, read from their owners when somebody asks."""

from collections.abc import Callable, Iterator, Mapping
from functools import partial

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from typing_extensions import override

Reading = float | Mapping[str, float]
"""One figure, or one for each value of the label."""


class Metrics(Collector):
    """Knows where each figure is read; nobody pushes."""

    def __init__(self) -> None:
        self._families: list[Callable[[], Metric]] = []
        # A registry of its own: the library's global one would add what this agent does not promise.
        self._registry = CollectorRegistry()
        self._registry.register(self)

    def gauge(self, name: str, meaning: str, read: Callable[[], Reading], *, label: str = "") -> None:
        """Adds a figure that rises and falls.

        Args:
            name: without the agent's prefix, with its unit, such as ``outbox_bytes``.
            meaning: a sentence.
            read: called at every scrape on the event loop; returns a number, or numbers by label value.
            label: what the numbers are told apart by.
        """
        self._families.append(partial(_family, GaugeMetricFamily, name, meaning, read, label))

    def counter(self, name: str, meaning: str, read: Callable[[], Reading], *, label: str = "") -> None:
        """Adds a figure that only rises; see ``gauge``."""
        self._families.append(partial(_family, CounterMetricFamily, name, meaning, read, label))

    def render(self) -> bytes:
        """Returns the Prometheus text format, version 0.0.4."""
        return generate_latest(self._registry)

    @override
    def collect(self) -> Iterator[Metric]:
        """Yields every family with what its owner says now."""
        for family in self._families:
            yield family()


def _family(
    kind: type[GaugeMetricFamily | CounterMetricFamily],
    name: str,
    meaning: str,
    read: Callable[[], Reading],
    label: str,
) -> Metric:
    family = kind(f"edge_agent_{name}", meaning, labels=[label] if label else [])
    found = read()
    for value, figure in found.items() if isinstance(found, Mapping) else (("", found),):
        family.add_metric([value] if label else [], figure)
    return family
