"""Names of things, kept apart by type."""

from typing import NewType

AgentId = NewType("AgentId", str)
"""Names this box in topics; unique in the town."""

CameraId = NewType("CameraId", str)
"""Names a camera in settings, topics and addresses; unique in its agent."""

TrackId = NewType("TrackId", int)
"""Numbers a track; never used again by the same camera in one run."""
