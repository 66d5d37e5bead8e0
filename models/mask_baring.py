"""Bares the nose of really masked faces, with somebody else's nose: badly worn masks with real cloth and real edges."""

import cv2
import numpy as np
from mask_dressing import Frame

PATCH = 64
LEFT, RIGHT, TOP, BOTTOM = -1.0, 1.0, -0.35, 1.45  # the part of a face that a patch holds, in the face's own terms
SKIN = (slice(4, 16), slice(14, 50))  # of a patch: the eyes and what is about them; bare on everyone


def take_skin(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    """Returns the middle of a bare face, float32 (64, 64, 3)."""
    across, down = np.meshgrid(np.linspace(LEFT, RIGHT, PATCH), np.linspace(TOP, BOTTOM, PATCH))
    spots = frame.origin + across[..., None] * frame.across + down[..., None] * frame.down
    return cv2.remap(
        pixels.astype(np.float32), spots.astype(np.float32), None, cv2.INTER_LINEAR, None, cv2.BORDER_REPLICATE
    )


def bare(pixels: np.ndarray, frame: Frame, skin: np.ndarray, edge: float, random: np.random.Generator) -> np.ndarray:
    """Returns a masked face whose mask begins only at ``edge``, uint8.

    Args:
        pixels: the masked face.
        frame: its axes.
        skin: another face's middle, as ``take_skin`` returned it.
        edge: where the mask begins on the nose's line, 0 between the eyes, 1 at the mouth.
        random: draws the edge's shape.
    """
    own = take_skin(pixels, frame)
    matched = skin + np.median(own[SKIN], axis=(0, 1)) - np.median(skin[SKIN], axis=(0, 1))
    contrast = np.clip(own[SKIN].std() / max(4.0, float(skin[SKIN].std())), 0.6, 1.3)
    middle = matched.mean(axis=(0, 1))
    matched = middle + (matched - middle) * contrast
    across, down = frame.measure(len(pixels))
    columns = np.clip((across - LEFT) / (RIGHT - LEFT), 0, 1) * (PATCH - 1)
    rows = np.clip((down - TOP) / (BOTTOM - TOP), 0, 1) * (PATCH - 1)
    over = cv2.remap(matched, columns.astype(np.float32), rows.astype(np.float32), cv2.INTER_LINEAR)
    rise = random.uniform(0.0, 0.45) * edge  # masks sit higher at the cheeks
    border = edge - rise * np.minimum(across**2, 1.2) + random.uniform(-0.12, 0.12) * across
    step = float(np.linalg.norm(frame.down))
    soft = random.uniform(0.06, 0.16)
    alpha = np.clip((border - down) * step + 0.5, 0, 1)  # a cloth's edge is sharp,
    alpha *= np.clip((down - 0.08) / soft, 0, 1) * np.clip((0.85 - np.abs(across)) / soft, 0, 1)  # skin fades into skin
    mixed = pixels * (1 - alpha[..., None]) + over * alpha[..., None]
    if random.random() < 0.5:  # the cloth's shadow or its bright rim
        rim = np.exp(-(((down - border) * step / max(1.0, 0.04 * step)) ** 2)) * (np.abs(across) < 0.8)
        mixed = mixed * (1 + random.uniform(-0.35, 0.25) * rim[..., None])
    return np.clip(mixed, 0, 255).astype(np.uint8)
