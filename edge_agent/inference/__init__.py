"""Model files and the worker that runs them, one per accelerator; the only door to LiteRT."""
