"""Scenes for the marks benchmark: faces and codes at known places, in rooms and on screens. Seeded; pictures come from scikit-image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from skimage import data

# Eyes, nose and chin of the portraits with a neck and hair: picture, box (x0, y0, x1, y1) in it, cut-out around the head.
PORTRAITS = (("astronaut", (172, 62, 272, 192), (90, 0, 360, 300)), ("camera", (196, 105, 258, 178), (140, 40, 330, 290)))


@dataclass(frozen=True)
class Face:
    """A cut-out head, (rows, columns, 3) uint8, and the polygon in it that must be covered: what a face is known by."""

    image: np.ndarray
    core: tuple[float, float, float, float]


@dataclass(frozen=True)
class Scene:
    """A picture and the polygons that must be covered, each with the text it says (empty for a face)."""

    image: np.ndarray
    truths: tuple[tuple[np.ndarray, str], ...]


def heads() -> list[Face]:
    """One hundred faces of LFW (25 x 25 px, cut at the ears) and two portraits."""
    found = []
    for image in data.lfw_subset()[:100]:
        grey = np.round(image * 255).astype(np.uint8)
        found.append(Face(np.repeat(grey[..., None], 3, axis=2), (5, 5, 20, 22)))
    for name, (x0, y0, x1, y1), (left, top, right, bottom) in PORTRAITS:
        image = getattr(data, name)()
        image = image if image.ndim == 3 else np.repeat(image[..., None], 3, axis=2)
        found.append(Face(image[top:bottom, left:right], (x0 - left, y0 - top, x1 - left, y1 - top)))
    return found


def room(rows: int, columns: int, generator: np.random.Generator) -> np.ndarray:
    """A wall and a floor of photographed texture with furniture-like blocks, softly lit."""
    names = ("brick", "gravel", "grass")
    wall = getattr(data, names[generator.integers(len(names))])()
    small = cv2.resize(wall, (columns // 8, rows // 8), interpolation=cv2.INTER_AREA)
    canvas = cv2.resize(small, (columns, rows), interpolation=cv2.INTER_CUBIC).astype(np.float32)
    canvas = np.repeat((canvas * 0.35 + 90)[..., None], 3, axis=2) * generator.uniform(0.8, 1.1, 3)
    for _ in range(14):
        x, y = generator.integers(0, columns), generator.integers(0, rows)
        w, h = generator.integers(columns // 20, columns // 4), generator.integers(rows // 20, rows // 3)
        canvas[y : y + h, x : x + w] = canvas[y : y + h, x : x + w] * 0.2 + generator.uniform(30, 200, 3) * 0.8
    slope = np.linspace(0.75, 1.15, columns)[None, :, None]
    return np.clip(canvas * slope, 0, 255).astype(np.uint8)


def crowd(faces: list[Face], rows: int, columns: int, face_rows: float, degrees: float, seed: int) -> Scene:
    """A room with faces of a given height on a loose grid, each turned by `degrees` give or take five."""
    generator = np.random.default_rng(seed)
    canvas = room(rows, columns, generator)
    across = int(np.ceil(np.sqrt(len(faces) * columns / rows)))
    down = int(np.ceil(len(faces) / across))
    truths = []
    for index, face in enumerate(faces):
        centre = ((index % across + 0.5) * columns / across, (index // across + 0.5) * rows / down)
        centre = tuple(np.array(centre) + generator.uniform(-0.1, 0.1, 2) * (columns / across, rows / down))
        truths.append((_paste(canvas, face, centre, face_rows, degrees + generator.uniform(-5, 5)), ""))
    return Scene(canvas, tuple(truths))


def _paste(canvas: np.ndarray, face: Face, centre: tuple[float, float], face_rows: float, degrees: float) -> np.ndarray:
    """Blend a head into the canvas as an oval and return the polygon of its core."""
    x0, y0, x1, y1 = face.core
    scale = face_rows / (y1 - y0)
    rows, columns = face.image.shape[:2]
    reach = int(np.ceil(np.hypot(rows, columns) * scale / 2)) + 2
    left, top = (max(0, int(edge) - reach) for edge in centre)
    patch = canvas[top : top + 2 * reach, left : left + 2 * reach]
    turn = cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, scale)
    turn[:, 2] += np.array(centre) - (columns / 2 + left, rows / 2 + top)
    # Shrinking needs averaging first, or a head becomes a pattern of single pixels.
    source = cv2.GaussianBlur(face.image, (0, 0), 0.45 / scale) if scale < 0.7 else face.image
    oval = np.zeros((rows, columns), np.float32)
    cv2.ellipse(oval, (((columns - 1) / 2, (rows - 1) / 2), (columns * 0.96, rows * 0.96), 0), 1, -1)
    oval = cv2.GaussianBlur(oval, (0, 0), max(rows / 30, 0.5))
    size = patch.shape[1], patch.shape[0]
    weight = cv2.warpAffine(oval, turn, size)[..., None]
    head = cv2.warpAffine(source, turn, size, flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    patch[:] = (patch * (1 - weight) + head * weight).astype(np.uint8)
    turn[:, 2] += left, top
    corners = np.array([(x0, y0, 1), (x1, y0, 1), (x1, y1, 1), (x0, y1, 1)], np.float64)
    return corners @ turn.T
