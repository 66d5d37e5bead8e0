"""Heartbeat, metrics, watchdogs."""
