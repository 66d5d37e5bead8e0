"""Stage 9, MQTT: topics, wire format, commands; the only door to the broker."""
