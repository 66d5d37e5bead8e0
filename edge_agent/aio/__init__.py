"""Concurrency parts that know nothing of cameras."""
