"""Stage 3, is it worth looking?"""
