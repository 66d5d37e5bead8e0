"""WebRTC viewers: sessions and the picture that they share."""
