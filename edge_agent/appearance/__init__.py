"""Stage 6, track and full-resolution crop to attributes: is a mask worn?"""
