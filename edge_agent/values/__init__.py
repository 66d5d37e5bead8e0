"""Frozen plain data that flows through the agent; nothing here does I/O."""
