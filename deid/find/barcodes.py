"""Barcodes: read by zxing-cpp in several turns and sizes, located by OpenCV where unreadable, covered with bars and quiet zone."""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace
from importlib import metadata
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from deid.protocols import Detection
from deid.types import Box, PhiCategory, Polygon, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

# Turn in degrees and scale of each pass. One pass reads 78 of 105 generated codes, these five 96; a further one adds one.
_PASSES: Final = ((0.0, 1.0), (30.0, 1.0), (60.0, 1.0), (0.0, 2.0), (45.0, 2.0))
# Only the first goes over the whole picture, the others over what could be a code, where bars or modules stand close: in squares of
# this side, in the picture shrunk so many times, steps of so many grey levels take such a share of the pixels. In a shrunk picture
# the strokes of text are grey, and modules that are large enough to be left keep their contrast.
_SQUARE: Final = 24
_BALANCE: Final = 0.27
_CROWDED: Final = ((1, 30, 0.4), (2, 60, 0.45), (4, 90, 0.55))
# What could be a code needs its quiet zone to be read.
_AROUND: Final = 24
# What could be a code is told on a grid so coarse.
_GRID: Final = 4
# Doubling larger pictures costs seconds, and their codes are large enough as they are.
_LARGEST_DOUBLED: Final = 4_000_000
# Larger pictures are shrunk to this for a turn: a turned copy of a vast one would not fit into a worker's memory.
_LARGEST_TURNED: Final = 30_000_000
# Quiet zones are 4 modules of at least 21 (QR), 1 of 10 (DataMatrix), 10 of about 100 (linear): a fifth of the shorter side covers
# them, and a corner that was placed a little wrong.
_GROW: Final = 0.2
# A turned linear code is read along one thin line; what is flatter than this share of its length is such a line …
_THIN: Final = 0.15
# … and its bars reach at most so far to either side where nobody could tell how far.
_BARS: Final = 0.35
# OpenCV shrinks the picture until its shorter side is at most this; bars must survive in it, in small and large codes.
_LOCATOR_SIDES: Final = (512.0, 1500.0)
# zxing "sees" damaged DataMatrix in tables of text, and in the grain of dark photos (3 of 15) damaged PDF417: slivers across half
# the picture that end far outside of it. Damaged codes of the other kinds were never seen where none was.
_UNRELIABLE_DAMAGED: Final = frozenset({"data-matrix"})
_ASTRAY: Final = frozenset({"pdf417"})
# So much of a damaged one lies in the picture: 0.53 and more of planted ones, though their outlines err; at most 0.25 of slivers.
_IN_PICTURE: Final = 0.4
# So much of a region in another one makes it the same code.
_SAME: Final = 0.9


@dataclass(frozen=True, slots=True)
class _Code:
    """A code before it is grown: corners (4, 2) clockwise from its upper left, kind, text (empty where unreadable)."""

    corners: NDArray[np.float64]
    kind: str
    text: str


class BarcodeDetector:
    """Finds linear and matrix codes, readable or damaged. Loaded once a worker, used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name as the audit log says it."""
        return "zxing"

    @property
    def category(self) -> PhiCategory:
        """Category of everything it finds."""
        return PhiCategory.OTHER

    @property
    def version(self) -> str:
        """Version of the reader, for the audit log."""
        return metadata.version("zxing-cpp")

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""
        try:
            import zxingcpp  # noqa: F401  only whether it is there
        except ImportError:
            return "zxing-cpp is missing. Install it: pip install zxing-cpp"
        return None

    def detect(self, image: Display) -> tuple[Detection, ...]:
        """Find codes in a picture, (rows, columns, 3) uint8 RGB; regions cover whole symbols, on frames (0, 1)."""
        grey = np.asarray(cv2.cvtColor(image, cv2.COLOR_RGB2GRAY), np.uint8)
        located = [replace(code, corners=_grow(code.corners)) for code in _locate(grey)]
        read = [replace(code, corners=_grow(_with_bars(code, located))) for code in _read(grey, located)]
        return tuple(_detection(code, grey.shape) for code in _unite([*read, *located]))


def _read(grey: NDArray[np.uint8], located: list[_Code]) -> Iterator[_Code]:
    """Read codes in every pass; corners are in the picture given, `located` is where bars were seen."""
    import zxingcpp

    for crop, degrees, scale in _views(grey, located):
        x0, y0, x1, y1 = crop
        view, turn = _turned(grey[y0:y1, x0:x1], degrees, scale)
        back = cv2.invertAffineTransform(turn)
        for code in zxingcpp.read_barcodes(view, return_errors=True, text_mode=zxingcpp.TextMode.Plain):
            kind = str(code.format).lower().removesuffix(" code").replace(" ", "-")
            corners = _corners(code.position, back) + np.array((x0, y0))
            if code.valid or (kind not in _UNRELIABLE_DAMAGED and (kind not in _ASTRAY or _is_in_picture(corners, grey.shape))):
                yield _Code(corners, kind, code.text if code.valid else "")


def _is_in_picture(corners: NDArray[np.float64], shape: tuple[int, ...]) -> bool:
    """Tell whether an outline encloses something, most of it in the picture."""
    rows, columns = shape[:2]
    return _share_inside(corners, np.array([(0, 0), (columns, 0), (columns, rows), (0, rows)], np.float64)) >= _IN_PICTURE


def _views(grey: NDArray[np.uint8], located: list[_Code]) -> Iterator[tuple[Box, float, float]]:
    """Yield the parts of a picture to read, each with a turn in degrees and a scale."""
    whole = (0, 0, grey.shape[1], grey.shape[0])
    crops = _crowded(grey, located)
    for degrees, scale in _PASSES:
        for crop in [whole] if (degrees, scale) == (0, 1) else crops:
            size = (crop[2] - crop[0]) * (crop[3] - crop[1])
            if scale == 1 or size <= _LARGEST_DOUBLED:
                yield crop, degrees, min(scale, (_LARGEST_TURNED / size) ** 0.5) if degrees else scale


def _crowded(grey: NDArray[np.uint8], located: list[_Code]) -> list[Box]:
    """Boxes around everything that could be a code; the whole picture where they would be more to read."""
    rows, columns = grey.shape
    size = -(-columns // _GRID), -(-rows // _GRID)
    drawn = np.zeros(size[::-1], np.uint8)
    for code in located:
        cv2.fillPoly(drawn, [np.round(code.corners / _GRID).astype(np.int32)], 1)
    for shrinking, step, least in _CROWDED:
        drawn |= cv2.resize(_dense(grey, shrinking, step, least), size, interpolation=cv2.INTER_AREA)
    boxes = []
    for x, y, across, down, _ in cv2.connectedComponentsWithStats(drawn)[2][1:].tolist():
        x0, y0, x1, y1 = x * _GRID - _AROUND, y * _GRID - _AROUND, (x + across) * _GRID + _AROUND, (y + down) * _GRID + _AROUND
        boxes.append((max(0, x0), max(0, y0), min(columns, x1), min(rows, y1)))
    area = sum((x1 - x0) * (y1 - y0) for x0, y0, x1, y1 in boxes)
    return boxes if area < grey.size else [(0, 0, columns, rows)]


def _dense(grey: NDArray[np.uint8], shrinking: int, step: int, least: float) -> NDArray[np.uint8]:
    """Mark every square, 255 for yes, in which steps stand close and dark and light are in balance, in the picture shrunk so."""
    size = max(1, grey.shape[1] // shrinking), max(1, grey.shape[0] // shrinking)
    small = cv2.resize(grey, size, interpolation=cv2.INTER_AREA) if shrinking > 1 else grey
    square = np.ones((_SQUARE, _SQUARE), np.uint8)
    # Each of these takes a hundred megabytes of a vast picture: what is done with goes.
    found = _share(cv2.inRange(cv2.morphologyEx(small, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8)), step + 1, 255))
    found = cv2.inRange(found, math.ceil(255 * least), 255)
    middle = cv2.erode(small, square)
    cv2.addWeighted(middle, 0.5, cv2.dilate(small, square), 0.5, 0, dst=middle)
    light = _share(cv2.compare(small, middle, cv2.CMP_GT))
    del middle
    cv2.bitwise_and(found, cv2.inRange(light, math.ceil(255 * _BALANCE), math.floor(255 * (1 - _BALANCE))), dst=found)
    return np.asarray(cv2.dilate(found, square, dst=light), np.uint8)


def _share(above: Any) -> NDArray[np.uint8]:
    """Of the pixels around each, the share that is 255; 255 for all."""
    return np.asarray(cv2.blur(above, (_SQUARE, _SQUARE), dst=above, borderType=cv2.BORDER_CONSTANT), np.uint8)


def _turned(grey: NDArray[np.uint8], degrees: float, scale: float) -> tuple[NDArray[np.uint8], NDArray[np.float64]]:
    """Turn and scale a picture without cutting its corners off; return it with the transform that did it."""
    rows, columns = grey.shape
    turn = np.asarray(cv2.getRotationMatrix2D((columns / 2, rows / 2), degrees, scale), np.float64)
    if degrees == 0 and scale == 1:
        return grey, turn
    corners = np.array([(0, 0, 1), (columns, 0, 1), (columns, rows, 1), (0, rows, 1)]) @ turn.T
    turn[:, 2] -= corners.min(axis=0)
    size = np.ceil(np.ptp(corners, axis=0)).astype(int)
    view = cv2.warpAffine(grey, turn, (int(size[0]), int(size[1])), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(view, np.uint8), turn


def _corners(position: Any, back: NDArray[np.float64]) -> NDArray[np.float64]:
    points = (position.top_left, position.top_right, position.bottom_right, position.bottom_left)
    corners: NDArray[np.float64] = np.array([(point.x, point.y, 1.0) for point in points]) @ back.T
    return corners


def _locate(grey: NDArray[np.uint8]) -> Iterator[_Code]:
    """Find patches of parallel bars, readable or not."""
    if min(grey.shape) < 40:
        # The locator divides by the number of its cells, and a sliver has none.
        return
    locator = cv2.barcode.BarcodeDetector()
    for side in _LOCATOR_SIDES:
        locator.setDownsamplingThreshold(side)
        found, corners = locator.detectMulti(grey)
        for quad in corners if found and corners is not None else ():
            yield _Code(_clockwise(np.asarray(quad, np.float64).reshape(4, 2)), "linear", "")


def _clockwise(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Order four corners clockwise on the screen, from the one nearest to the origin."""
    spokes = corners - corners.mean(axis=0)
    ordered = corners[np.argsort(np.arctan2(spokes[:, 1], spokes[:, 0]))]
    return np.roll(ordered, -int(np.argmin(ordered.sum(axis=1))), axis=0)


def _with_bars(code: _Code, located: list[_Code]) -> NDArray[np.float64]:
    """Widen the thin line along which a turned linear code was read, unless OpenCV has located the whole of its bars."""
    along, down = _sides(code.corners)
    length, height = float(np.linalg.norm(along)), float(np.linalg.norm(down))
    if (
        height >= _THIN * length
        or length == 0
        or any(_share_inside(_grow(code.corners), other.corners) >= _SAME for other in located)
    ):
        return code.corners
    reach = np.array([-along[1], along[0]]) / length * (_BARS * length)
    first = (code.corners[0] + code.corners[3]) / 2
    last = (code.corners[1] + code.corners[2]) / 2
    return np.array([first - reach, last - reach, last + reach, first + reach])


def _sides(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean vectors along the upper and lower side, and down the left and right one."""
    top_left, top_right, bottom_right, bottom_left = corners
    return (top_right - top_left + bottom_right - bottom_left) / 2, (bottom_left - top_left + bottom_right - top_right) / 2


def _grow(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move every corner outwards, along both sides that meet there, by a share of the shorter side."""
    along, down = _sides(corners)
    margin = _GROW * min(float(np.linalg.norm(along)), float(np.linalg.norm(down))) + 2
    along, down = (side / max(float(np.linalg.norm(side)), 1.0) * margin for side in (along, down))
    grown: NDArray[np.float64] = corners + np.array([-along - down, along - down, along + down, down - along])
    return grown


def _unite(codes: list[_Code]) -> list[_Code]:
    """Keep the largest region of each code, with its text if any pass could read it."""
    kept: list[_Code] = []
    for code in sorted(codes, key=lambda code: -_area(code.corners)):
        for index, other in enumerate(kept):
            if _share_inside(code.corners, other.corners) >= _SAME and (not code.text or other.text in ("", code.text)):
                if code.text:
                    kept[index] = replace(other, kind=code.kind, text=code.text)
                break
        else:
            kept.append(code)
    return kept


def _area(corners: NDArray[np.float64]) -> float:
    return float(cv2.contourArea(corners.astype(np.float32)))


def _share_inside(inner: NDArray[np.float64], outer: NDArray[np.float64]) -> float:
    """Which share of one convex region lies in another."""
    area = _area(inner)
    if area == 0:
        return 0.0
    hulls = (cv2.convexHull(corners.astype(np.float32)) for corners in (inner, outer))
    return float(cv2.intersectConvexConvex(*hulls)[0]) / area


def _detection(code: _Code, shape: tuple[int, ...]) -> Detection:
    return Detection(Region(_outwards(code.corners, shape), (0, 1)), 1.0 if code.text else 0.5, f"barcode:{code.kind}", code.text)


def _outwards(corners: NDArray[np.float64], shape: tuple[int, ...]) -> Polygon:
    """Round to pixel edges away from the centre, and cut to the picture."""
    away = np.where(corners < corners.mean(axis=0), np.floor(corners), np.ceil(corners))
    return tuple((int(x), int(y)) for x, y in np.clip(away, 0, (shape[1], shape[0])))
