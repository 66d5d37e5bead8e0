"""The wear and tear that cameras, codecs, light and detectors add to faces."""

import cv2
import numpy as np
from mask_faces import CONTEXT, CROP, SIZE

SMALLEST = 12  # pixels that a face's square may be scaled down to


def disturbed(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Returns ``plain`` on a bad day: a loose box, a turned head, few pixels, blur, odd light, compression."""
    face = _moved(pixels, random)
    if random.random() < 0.5:
        face = face[:, ::-1]
    face = _lit(face.astype(np.float32), random)
    if random.random() < 0.15:
        face = _smeared(face, random)
    if random.random() < 0.12:  # a camera's own sharpening
        face = face + random.uniform(0.4, 1.5) * (face - cv2.GaussianBlur(face, (0, 0), random.uniform(0.8, 2)))
    if random.random() < 0.45:
        side = int(np.exp(random.uniform(np.log(SMALLEST), np.log(SIZE))))
        face = cv2.resize(
            face, (side, side), interpolation=cv2.INTER_AREA if random.random() < 0.7 else cv2.INTER_LINEAR
        )
    if random.random() < 0.3:
        face = face + random.normal(0, random.uniform(2, 14), face.shape)
    face = np.ascontiguousarray(np.clip(face, 0, 255).astype(np.uint8))
    if random.random() < 0.35:
        quality = [cv2.IMWRITE_JPEG_QUALITY, int(random.integers(20, 90))]
        face = cv2.imdecode(cv2.imencode(".jpg", face, quality)[1], cv2.IMREAD_COLOR)
    face = cv2.resize(face, (SIZE, SIZE), interpolation=cv2.INTER_LINEAR if random.random() < 0.8 else cv2.INTER_CUBIC)
    return _hidden(face, random) if random.random() < 0.1 else face


def _moved(pixels: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Shifts, scales and turns within what detectors' and other annotators' boxes differ by."""
    side = len(pixels) / CONTEXT
    scale = SIZE / (side * CROP * np.exp(random.normal(0, 0.16)))
    matrix = cv2.getRotationMatrix2D((len(pixels) / 2, len(pixels) / 2), random.normal(0, 10), scale)
    matrix[:, 0] *= np.exp(random.normal(0, 0.05))
    shift = np.array([random.normal(0, 0.07), random.normal(-0.03, 0.08)]) * side * scale
    matrix[:, 2] += SIZE / 2 - matrix[:, :2] @ (np.ones(2) * len(pixels) / 2) - matrix[:, 2] - shift
    if scale < 0.8:
        pixels = cv2.GaussianBlur(pixels, (0, 0), 0.4 / scale)
    border = cv2.BORDER_REPLICATE if random.random() < 0.5 else cv2.BORDER_CONSTANT
    return cv2.warpAffine(pixels, matrix, (SIZE, SIZE), flags=cv2.INTER_LINEAR, borderMode=border)


def _lit(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    grey = face.mean(axis=2, keepdims=True)
    saturation = 0.0 if random.random() < 0.1 else random.uniform(0.4, 1.5)  # infra-red cameras have no colour
    face = grey + (face - grey) * saturation
    face = face * random.uniform(0.85, 1.15, 3)
    middle = face.mean()
    face = middle + (face - middle) * random.uniform(0.55, 1.4)
    face = 255 * (np.clip(face, 0, 255) / 255) ** np.exp(random.normal(0, 0.35))
    if random.random() < 0.25:  # one side in the shade
        slope = np.linspace(-1, 1, SIZE, dtype=np.float32) * random.uniform(-0.4, 0.4)
        face = face * (1 + (slope[:, None, None] if random.random() < 0.5 else slope[None, :, None]))
    return face


def _smeared(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    length = int(random.integers(3, 10))
    kernel = np.zeros((length, length), np.float32)
    kernel[length // 2] = 1 / length
    turn = cv2.getRotationMatrix2D((length / 2 - 0.5, length / 2 - 0.5), random.uniform(0, 180), 1)
    kernel = cv2.warpAffine(kernel, turn, (length, length))
    return cv2.filter2D(face, -1, kernel / kernel.sum())


def _hidden(face: np.ndarray, random: np.random.Generator) -> np.ndarray:
    """Covers a part of the border: somebody else's head, a lamp post, the picture's edge."""
    face = face.copy()
    depth = int(SIZE * random.uniform(0.05, 0.28))
    colour = random.uniform(0, 255, 3).astype(np.uint8)
    side = random.integers(3)
    if side == 0:
        face[:depth] = colour
    elif side == 1:
        face[:, :depth] = colour
    else:
        face[:, -depth:] = colour
    return face
