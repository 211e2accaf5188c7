"""Faces: sought at several scales and in four turns, each candidate looked at again up close, boxes grown generously."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.errors import EnvironmentBroken
from deid.find.centerface import WEIGHTS_SHA256, CenterFace, FaceBox, load_weights
from deid.looks import VAST
from deid.protocols import Detection
from deid.types import Box, PhiCategory, Region

if TYPE_CHECKING:
    from deid.types import Display

# Longest side of the views, and the quarter turns in each. The network sees 8 to about 400 px well: a close-up needs the small
# scale, a face in the background of a large photo the big one. A patient lies, and turned by 90 degrees one face in ten of those
# that are found upright is still found; who stands behind is upright, and turns at the big scale would cost seconds.
_VIEWS: Final = ((480, (0, 1, 2, 3)), (960, (0, 1, 2, 3)), (1920, (0,)))
# Side of a tile, and how far tiles overlap: larger than any face that only the big scale sees.
_TILE: Final = 1024
_OVERLAP: Final = 160
# A first glance this faint is looked at again; thumbnails of angiograms reach half of it and more.
_CANDIDATE: Final = 0.1
# The second look: the candidate at these sizes, turned by these degrees; the score is the mean of what the network then says.
_CLOSE_SIDES: Final = (48, 96)
_CLOSE_TURNS: Final = (-15, 0, 15)
# Mean score from which a candidate is covered: measured on photos of monitors, where every false cover hides an exam.
_LEAST_SCORE: Final = 0.2
# Above this no second look is needed: nothing but faces reached it.
_SURE: Final = 0.8
# Two boxes that share this much of their union are the same face.
_SAME: Final = 0.3
# The network's boxes end at forehead, chin and ears; a person is known by hair and neck too. Share of the longer side, each way.
_GROW: Final = 0.35

_Candidate = tuple[FaceBox, int]
"""A box in the upright picture, and the quarter turn in which it looked most like a face."""


class FaceDetector:
    """Finds faces: upright, lying and upside down, small and blurred. Loaded once a worker, used by one thread at a time."""

    def __init__(self) -> None:
        self._network = CenterFace()

    @property
    def name(self) -> str:
        """Name as the audit log says it."""
        return "centerface"

    @property
    def category(self) -> PhiCategory:
        """Category of everything it finds."""
        return PhiCategory.FACE

    @property
    def version(self) -> str:
        """Hash of the weights, for the audit log."""
        return WEIGHTS_SHA256[:12]

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""
        try:
            load_weights()
        except EnvironmentBroken as error:
            return str(error)
        return None

    def detect(self, image: Display) -> tuple[Detection, ...]:
        """Find faces in a picture, (rows, columns, 3) uint8 RGB; regions are grown boxes on frames (0, 1).

        Raises
        ------
        EnvironmentBroken
            Where the weights are missing or altered.
        """
        faces = []
        for box, quarter in _unite(self._candidates(image)):
            score = box[4] if box[4] >= _SURE else self._closer(image, box, quarter)
            if score >= _LEAST_SCORE:
                faces.append((_grow(box, *image.shape[:2]), score))
        # Beside a vast picture a worker has no room for a network that is done.
        if image.shape[0] * image.shape[1] > VAST:
            self._network.rest()
        return tuple(
            Detection(Region.from_box(box, (0, 1)), round(score, 3), f"face:{self.name}")
            for box, score in faces
            if not any(_holds(other, box) for other, _ in faces)
        )

    def _candidates(self, image: Display) -> list[_Candidate]:
        found = []
        for tile, quarter, scale, x, y in _views(image):
            for x0, y0, x1, y1, score in self._network.boxes(tile, _CANDIDATE):
                box = (x + x0) / scale, (y + y0) / scale, (x + x1) / scale, (y + y1) / scale, score
                found.append((_turned_back(box, quarter, image.shape), quarter))
        return found

    def _closer(self, image: Display, box: FaceBox, quarter: int) -> float:
        """Look at a candidate again, up close and turned a little: a face stays one, a thumbnail of vessels does not."""
        scores = [
            max((seen[4] for seen in self._network.boxes(view, 0.03) if _is_middle(seen, side)), default=0.0)
            for side in _CLOSE_SIDES
            for view in _close_views(image, box, 90 * quarter, side)
        ]
        return float(np.mean(scores))


def _views(image: Display) -> Iterator[tuple[Display, int, float, int, int]]:
    """Yield the picture at each scale and turn, cut into tiles: (tile, quarter turns, scale, x, y of its origin)."""
    longest = max(image.shape[:2])
    for side, quarters in _VIEWS:
        scale = min(1.0, side / longest)
        scaled = _resized(image, scale)
        for quarter in quarters:
            turned = np.rot90(scaled, quarter)
            for y in _starts(turned.shape[0]):
                for x in _starts(turned.shape[1]):
                    yield turned[y : y + _TILE, x : x + _TILE], quarter, scale, x, y
        if scale == 1:
            # No larger scale shows more.
            return


def _resized(image: Display, scale: float) -> Display:
    if scale == 1:
        return image
    size = max(1, round(image.shape[1] * scale)), max(1, round(image.shape[0] * scale))
    return np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)


def _starts(length: int) -> list[int]:
    """Where tiles begin along one side; the last one ends at its end."""
    if length <= _TILE:
        return [0]
    count = -(-(length - _OVERLAP) // (_TILE - _OVERLAP))
    return [round(index * (length - _TILE) / (count - 1)) for index in range(count)]


def _turned_back(box: FaceBox, quarter: int, shape: tuple[int, ...]) -> FaceBox:
    """Map a box from the picture turned by `np.rot90` back to the picture of that shape."""
    rows, columns = shape[:2]
    x0, y0, x1, y1, score = box
    if quarter == 1:
        return columns - y1, x0, columns - y0, x1, score
    if quarter == 2:
        return columns - x1, rows - y1, columns - x0, rows - y0, score
    if quarter == 3:
        return y0, rows - x1, y1, rows - x0, score
    return box


def _close_views(image: Display, box: FaceBox, degrees: float, side: int) -> Iterator[Display]:
    """Yield the surroundings of a box, three times as wide, turned counter-clockwise, with the face `side` px large."""
    x0, y0, x1, y1, _ = box
    longer = max(x1 - x0, y1 - y0, 1.0)
    # Enough for the corners of the turned view; averaged first where it shrinks.
    reach = int(np.ceil(longer * 2.2))
    x, y = (x0 + x1) / 2, (y0 + y1) / 2
    left, top = max(0, int(x) - reach), max(0, int(y) - reach)
    part = image[top : max(top + 1, int(y) + reach), left : max(left + 1, int(x) + reach)]
    scale = side / longer
    if scale < 0.7:
        part = np.asarray(cv2.GaussianBlur(part, (0, 0), 0.4 / scale), np.uint8)
    for aside in _CLOSE_TURNS:
        turn = cv2.getRotationMatrix2D((x - left, y - top), degrees + aside, scale)
        turn[:, 2] += (1.5 * side - (x - left), 1.5 * side - (y - top))
        view = cv2.warpAffine(part, turn, (3 * side, 3 * side), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        yield np.asarray(view, np.uint8)


def _is_middle(seen: FaceBox, side: int) -> bool:
    """Tell whether a box in a close view is the candidate itself, not its neighbour."""
    x, y = (seen[0] + seen[2]) / 2, (seen[1] + seen[3]) / 2
    longer = max(seen[2] - seen[0], seen[3] - seen[1])
    return max(abs(x - 1.5 * side), abs(y - 1.5 * side)) < 0.3 * side and 0.5 < longer / side < 2


def _unite(found: list[_Candidate]) -> list[_Candidate]:
    """Keep one box a face: the surest."""
    kept: list[_Candidate] = []
    for box, quarter in sorted(found, key=lambda candidate: -candidate[0][4]):
        if all(_overlap(box, other) < _SAME for other, _ in kept):
            kept.append((box, quarter))
    return kept


def _overlap(one: FaceBox, two: FaceBox) -> float:
    """Intersection over union."""
    columns = min(one[2], two[2]) - max(one[0], two[0])
    rows = min(one[3], two[3]) - max(one[1], two[1])
    if columns <= 0 or rows <= 0:
        return 0.0
    areas = sum((box[2] - box[0]) * (box[3] - box[1]) for box in (one, two))
    return columns * rows / (areas - columns * rows)


def _holds(outer: Box, inner: Box) -> bool:
    """Tell whether a box lies in another, larger one."""
    return outer != inner and outer[0] <= inner[0] and outer[1] <= inner[1] and outer[2] >= inner[2] and outer[3] >= inner[3]


def _grow(box: FaceBox, rows: int, columns: int) -> Box:
    """Widen a box on every side, rounded outwards and cut to the picture."""
    x0, y0, x1, y1, _ = box
    margin = _GROW * max(x1 - x0, y1 - y0)
    return (
        max(0, int(np.floor(x0 - margin))),
        max(0, int(np.floor(y0 - margin))),
        min(columns, int(np.ceil(x1 + margin))),
        min(rows, int(np.ceil(y1 + margin))),
    )
