"""Holds things before bare faces that are no masks: hands, telephones, cups, microphones, beards."""

import cv2
import numpy as np
from mask_dressing import Frame


def occlude(pixels: np.ndarray, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """Returns a bare face, partly hidden by something that is no mask, uint8."""
    return (_hand, _thing, _cup, _beard)[random.choice(4, p=(0.35, 0.2, 0.2, 0.25))](pixels, frame, random)


def _skin(pixels: np.ndarray, frame: Frame) -> np.ndarray:
    """Returns the colour of the brow."""
    across, down = frame.measure(len(pixels))
    brow = (np.abs(across) < 0.45) & (down > -0.7) & (down < -0.15)
    return np.median(pixels[brow], axis=0) if brow.any() else np.array([170.0, 130, 110])


def _over(pixels: np.ndarray, alpha: np.ndarray, colour: np.ndarray) -> np.ndarray:
    mixed = pixels * (1 - alpha[..., None]) + colour * alpha[..., None]
    return np.clip(mixed, 0, 255).astype(np.uint8)


def _hand(pixels: np.ndarray, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """Fingers from one side or from below, over mouth or chin, at times the nose."""
    alpha = np.zeros(pixels.shape[:2], np.float32)
    shade = np.ones_like(alpha)
    thick = np.linalg.norm(frame.across) * random.uniform(0.22, 0.34)
    start = np.array([random.choice((-1, 1)) * random.uniform(0.5, 1.2), random.uniform(1.3, 2.2)])
    end = np.array([random.uniform(-0.4, 0.4), random.uniform(0.6, 1.2)])
    aside = np.array([end[1] - start[1], start[0] - end[0]])
    aside = aside / np.linalg.norm(aside) * 0.27
    for finger in range(int(random.integers(2, 5))):
        one, other = start + finger * aside, end + finger * aside + random.normal(0, 0.06, 2)
        stroke = np.zeros_like(alpha)
        cv2.line(stroke, frame.place(*one), frame.place(*other), 1.0, max(1, round(thick)), cv2.LINE_AA)
        shade = np.where(stroke > 0.5, random.uniform(0.82, 1.1), shade)
        rim = np.clip(cv2.GaussianBlur(stroke, (0, 0), max(0.5, thick / 5)), 0, 1)
        shade = np.where(stroke > 0.5, shade * (0.75 + 0.25 * rim), shade)
        alpha = np.maximum(alpha, stroke)
    colour = _skin(pixels, frame) * random.uniform(0.8, 1.15) + random.normal(0, 4, 3)
    return _over(pixels, alpha, colour * shade[..., None] + random.normal(0, 3, pixels.shape))


def _thing(pixels: np.ndarray, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """A telephone, a sheet of paper, a book: a turned rectangle beside or before the mouth."""
    at, width = (random.uniform(-0.9, 0.9), random.uniform(0.7, 1.3)), np.linalg.norm(frame.across)
    size = (width * random.uniform(0.35, 0.8), width * random.uniform(0.7, 1.3))
    corners = cv2.boxPoints((frame.place(*at), size, random.uniform(-40, 40)))
    alpha = np.zeros(pixels.shape[:2], np.float32)
    cv2.fillConvexPoly(alpha, corners.astype(np.int32), 1.0, cv2.LINE_AA)
    colour = random.uniform(5, 60) if random.random() < 0.6 else random.uniform(60, 250)
    return _over(pixels, alpha, np.full(3, colour) + random.normal(0, 8, 3))


def _cup(pixels: np.ndarray, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """A cup or a microphone before the mouth, the nose above it."""
    width = float(np.linalg.norm(frame.across)) * random.uniform(0.25, 0.5)
    alpha = np.zeros(pixels.shape[:2], np.float32)
    x, y = frame.place(random.uniform(-0.3, 0.3), random.uniform(1.0, 1.4))
    length = width * random.uniform(0.9, 2.2)
    cv2.ellipse(
        alpha, (x, round(y + length * 0.3)), (round(width), round(length)), random.uniform(-30, 30), 0, 360, 1.0, -1
    )
    down = np.clip((np.arange(len(alpha)) - y + width) / max(1.0, 2 * width), 0, 1)[:, None, None]
    colour = random.uniform(0, 255, 3) if random.random() < 0.5 else np.full(3, random.uniform(10, 70))
    return _over(pixels, alpha, colour * (1 - 0.3 * down))


def _beard(pixels: np.ndarray, frame: Frame, random: np.random.Generator) -> np.ndarray:
    """Hair on cheeks, lip and chin, the mouth left free."""
    across, down = frame.measure(len(pixels))
    top = random.uniform(0.75, 0.95) - random.uniform(0.4, 0.8) * across**2
    soft = random.uniform(0.1, 0.25)
    alpha = np.clip((down - top) / soft, 0, 1) * np.clip((random.uniform(1.5, 2.0) - down) / soft, 0, 1)
    alpha *= np.clip((1.0 - np.abs(across)) / soft, 0, 1)
    alpha *= 1 - np.exp(-((across / 0.36) ** 2) - (((down - 1.03) / 0.16) ** 2))
    rough = cv2.GaussianBlur(random.normal(0, 1, alpha.shape).astype(np.float32), (0, 0), max(0.6, len(pixels) / 160))
    colour = random.choice(((30, 25, 22), (60, 45, 35), (95, 75, 55), (130, 125, 120))) * random.uniform(0.7, 1.2)
    alpha = alpha * random.uniform(0.55, 0.95)
    return _over(pixels, alpha, colour + 25 * rough[..., None] / max(1e-6, float(rough.std())))
