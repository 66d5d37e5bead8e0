"""edge-agent: watches a town's cameras on the box beside them."""

__version__ = "0.1.0"
