"""An RTSP client for the ONVIF audio backchannel: it sends sound and receives none."""
