"""What an entry of the hostile folder is: a file, what must become of it, what it hides, and how it must look afterwards."""

from __future__ import annotations

from dataclasses import dataclass, field

import cv2
import numpy as np

ROWS, COLUMNS = 180, 240
# Signal-to-noise ratio, in dB, that the look must keep.
LOSSLESS, LOSSY, CONVERTED = 90.0, 45.0, 36.0


@dataclass(frozen=True)
class Entry:
    """One file of the hostile folder.

    `fate` is ``clean``, ``fail`` or ``skip``. `frames` is how it must look: (rows, columns, samples) each, upright sRGB, in full
    depth, colour 0 under alpha 0. `token` is the planted string, nowhere to be found afterwards. `psnr` is what the look must keep.
    """

    name: str
    data: bytes
    place: str
    token: str
    fate: str = "clean"
    frames: tuple[np.ndarray, ...] = field(default=(), repr=False)
    psnr: float = LOSSLESS


class Tokens:
    """Planted strings, each its own, in the shape of a name and a number."""

    def __init__(self, seed):
        self._seed, self._count = seed, 0

    def new(self):
        self._count += 1
        return f"Zelenkova{self._seed}{self._count:04d}"


def scene(rng, samples=3, rows=ROWS, columns=COLUMNS):
    """A picture without text: soft bright shapes on dark ground, with the grain of a detector, (rows, columns, samples) uint8."""
    picture = np.full((rows, columns, 3), rng.integers(30, 60, 3), np.uint8)
    for _ in range(7):
        centre = (int(rng.integers(0, columns)), int(rng.integers(0, rows)))
        axes = (int(rng.integers(20, 80)), int(rng.integers(15, 60)))
        cv2.ellipse(picture, centre, axes, float(rng.integers(0, 180)), 0, 360, tuple(map(int, rng.integers(60, 230, 3))), -1)
    picture[: rows // 4, : columns // 3] = (200, 60, 40)  # one corner that says which way is up
    picture = cv2.GaussianBlur(picture, (0, 0), 9)
    grainy = np.clip(picture + rng.normal(0, 1.5, picture.shape), 0, 255).astype(np.uint8)
    if samples == 3:
        return grainy
    grey = cv2.cvtColor(grainy, cv2.COLOR_RGB2GRAY)[:, :, np.newaxis]
    if samples == 1:
        return grey
    alpha = np.full(grey.shape, 255, np.uint8)
    return np.concatenate([grey if samples == 2 else grainy, alpha], axis=2)


def deep(rng, samples=1, most=65535):
    """A 16-bit picture whose low byte matters, (rows, columns, samples) uint16."""
    shapes = scene(rng, 1 if samples in (1, 2) else 3).astype(np.uint32)
    fine = shapes * 257 * most // 65535 + rng.integers(0, 200, shapes.shape)
    full = np.clip(fine, 0, most).astype(np.uint16)
    if samples in (2, 4):
        return np.concatenate([full, np.full((*full.shape[:2], 1), most, np.uint16)], axis=2)
    return full


def turned(pixels, orientation):
    """Store an upright picture so that EXIF `orientation` brings it back."""
    back = {1: lambda p: p, 2: lambda p: p[:, ::-1], 3: lambda p: p[::-1, ::-1], 4: lambda p: p[::-1]}
    back |= {5: lambda p: p.swapaxes(0, 1), 6: lambda p: np.rot90(p, 1), 8: lambda p: np.rot90(p, -1)}
    back[7] = lambda p: np.rot90(p, 2).swapaxes(0, 1)
    return np.ascontiguousarray(back[orientation](pixels))


def written(text, rows=ROWS, columns=COLUMNS):
    """A white picture with a name written on it, (rows, columns, 3): what must never come out."""
    picture = np.full((rows, columns, 3), 255, np.uint8)
    cv2.putText(picture, text, (4, rows // 2), cv2.FONT_HERSHEY_SIMPLEX, 0.6, (0, 0, 0), 2, cv2.LINE_AA)
    return picture
