"""What a camera does beside sending pictures: turning, presets, key frames on demand (ONVIF profiles S and T)."""
