"""Scenes for the marks benchmark: faces and codes at known places in a room; portraits and textures are scikit-image's."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import zxingcpp
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


CODES = {
    "QR": ("QRCode", "MRN 4711-0815 DOE JANE"),
    "DataMatrix": ("DataMatrix", "MRN 4711-0815"),
    "Aztec": ("Aztec", "MRN 4711-0815"),
    "PDF417": ("PDF417", "MRN 4711-0815 DOE"),
    "Code 128": ("Code128", "MRN47110815"),
    "Code 39": ("Code39", "MRN47110815"),
    "EAN-13": ("EAN13", "4006381333931"),
}
# Pixels a module at which symbols are drawn before they are shrunk and turned into the scene.
_DRAWN = 6


def label(kind: str, module: float, degrees: float, depth: float, seed: int, rows: int = 600, columns: int = 760) -> Scene:
    """A room with one code on a light label: `module` px a module, turned, its far side narrowed by `depth` (0-1)."""
    generator = np.random.default_rng(seed)
    name, text = CODES[kind]
    drawn = np.array(zxingcpp.create_barcode(text, getattr(zxingcpp.BarcodeFormat, name)).to_image(scale=_DRAWN))
    dark_rows, dark_columns = np.nonzero(drawn < 128)
    drawn = drawn[dark_rows.min() : dark_rows.max() + 1, dark_columns.min() : dark_columns.max() + 1]
    # Quiet zones as the standards want them, and six modules for every other linear code: labels are printed tightly.
    margin = _DRAWN * (4 if kind in ("QR", "DataMatrix", "Aztec") else 10 if seed % 2 else 6)
    label_ = np.pad(np.where(drawn < 128, 25, 235).astype(np.uint8), margin, constant_values=235)
    scale = module / _DRAWN
    height, width = label_.shape
    corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], np.float64)
    placed = (corners - (width / 2, height / 2)) * scale
    placed[:, 0] *= 1 - depth / 2
    placed[:2] *= 1 - depth * 0.4
    angle = np.deg2rad(degrees)
    turn = np.array([(np.cos(angle), -np.sin(angle)), (np.sin(angle), np.cos(angle))])
    placed = placed @ turn.T + (columns / 2, rows / 2) + generator.uniform(-40, 40, 2)
    view = cv2.getPerspectiveTransform(corners.astype(np.float32), placed.astype(np.float32))
    canvas = room(rows, columns, generator).astype(np.float32)
    source = cv2.GaussianBlur(label_, (0, 0), 0.4 / scale) if scale < 0.7 else label_
    weight = cv2.warpPerspective(np.ones_like(label_, np.float32), view, (columns, rows))[..., None]
    paper = cv2.warpPerspective(source.astype(np.float32), view, (columns, rows))[..., None]
    pixels = np.clip(canvas * (1 - weight) + paper * (weight > 0), 0, 255).astype(np.uint8)
    core = np.array(
        [[(margin, margin), (width - margin, margin), (width - margin, height - margin), (margin, height - margin)]], np.float32
    )
    return Scene(pixels, ((cv2.perspectiveTransform(core, view)[0].astype(np.float64), text),))


def spoilt(image: np.ndarray, how: str, seed: int) -> np.ndarray:
    """The picture blurred (``blur 2``: sigma in px), in the dark, faint, in glare, behind moiré, or as a poor JPEG."""
    generator = np.random.default_rng(seed)
    pixels = image.astype(np.float32)
    kind, _, strength = how.partition(" ")
    y, x = np.mgrid[: image.shape[0], : image.shape[1]].astype(np.float32)
    if kind == "blur":
        pixels = cv2.GaussianBlur(pixels, (0, 0), float(strength))
    elif kind == "dark":
        pixels = pixels * float(strength) + generator.normal(0, 4, pixels.shape)
    elif kind == "faint":
        pixels = pixels * 0.2 + 160
    elif kind == "glare":
        far = (x - image.shape[1] / 2) ** 2 + (y - image.shape[0] / 2) ** 2
        pixels += (220 * np.exp(-far / (2 * float(strength) ** 2)))[..., None]
    elif kind == "moiré":
        pixels += (25 * np.sin(2 * np.pi * (0.31 * x + 0.07 * y)) + 18 * np.sin(2 * np.pi * 0.27 * y))[..., None]
    elif kind == "JPEG":
        return cv2.imdecode(cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, int(strength)])[1], cv2.IMREAD_COLOR)
    return np.clip(pixels, 0, 255).astype(np.uint8)
