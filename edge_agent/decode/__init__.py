"""Stage 2, packets to frames, only when somebody needs pixels; privacy masks are burned in here."""
