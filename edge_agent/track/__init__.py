"""Stage 5, detections to tracks."""
