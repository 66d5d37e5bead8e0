"""Stage 1, camera to encoded packets. A kind of source is one file in ``sources/``."""
