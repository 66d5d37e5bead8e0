"""Stage 8, event to durable outbox until the broker acknowledged it."""
