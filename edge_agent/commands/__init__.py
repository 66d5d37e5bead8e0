"""Commands that people type, grouped by what they are about; ``cli`` gathers them."""
