"""Talk-down: messages, voices, a queue, and loudspeakers. A kind of loudspeaker is one file in ``speakers/``."""
