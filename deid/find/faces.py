"""Faces: CenterFace on onnxruntime, at two scales, in tiles; boxes are grown generously and never missed for speed alone."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

import deid
from deid.errors import EnvironmentBroken
from deid.protocols import Detection
from deid.types import Box, PhiCategory, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

_WEIGHTS_SHA256: Final = "86c6a129eee306f5ce7e258d81d43b8f3c5c10414095fe1bed74592d95db0bd6"
# The network sees 8 to about 400 px well: a close-up needs the small scale, a face in the background of a large photo the big one.
_LONG_SIDES: Final = (480, 960, 2400)
# Side of a tile, and how far tiles overlap: larger than any face that only the big scale sees.
_TILE: Final = 1024
_OVERLAP: Final = 160
# The network halves its input five times.
_MULTIPLE: Final = 32
# Low: a false cover costs a patch of background, a missed face a person.
_LEAST_SCORE: Final = 0.2
# Two boxes that share this much of their union are the same face.
_SAME: Final = 0.3
# The network's boxes end at forehead, chin and ears; a person is known by hair and neck too. Share of the longer side, each way.
_GROW: Final = 0.35

_Found = tuple[float, float, float, float, float]
"""x0, y0, x1, y1 in pixels of the picture, score."""


class FaceDetector:
    """Finds faces, turned, small and blurred ones too. Loaded once a worker, used by one thread at a time."""

    def __init__(self) -> None:
        self._session: Any = None

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
        return _WEIGHTS_SHA256[:12]

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""
        try:
            _load_weights()
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
        found = [face for part, scale, x, y in _views(image) for face in self._look(part, scale, x, y)]
        rows, columns = image.shape[:2]
        return tuple(
            Detection(Region.from_box(_grow(face, rows, columns), (0, 1)), round(face[4], 3), f"face:{self.name}")
            for face in _unite(found)
        )

    def _look(self, part: Display, scale: float, x: int, y: int) -> list[_Found]:
        """Find faces in one view; (x, y) is its origin in the scaled picture."""
        if self._session is None:
            self._session = _open_session(_load_weights())
        rows, columns = (-(-side // _MULTIPLE) * _MULTIPLE for side in part.shape[:2])
        canvas = np.zeros((1, 3, rows, columns), np.float32)
        canvas[0, :, : part.shape[0], : part.shape[1]] = part.transpose(2, 0, 1)
        heat, size, offset = self._session.run(["537", "538", "539"], {"input.1": canvas})
        return [
            ((x + x0) / scale, (y + y0) / scale, (x + x1) / scale, (y + y1) / scale, score)
            for x0, y0, x1, y1, score in _decode(heat[0, 0], size[0], offset[0])
        ]


def _views(image: Display) -> Iterator[tuple[Display, float, int, int]]:
    """Yield the picture at each scale, cut into tiles: (tile, scale, x, y of its origin in the scaled picture)."""
    longest = max(image.shape[:2])
    sides = sorted({min(side, longest) for side in _LONG_SIDES})
    for side in sides:
        scale = side / longest
        scaled = image if side == longest else cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        for y in _starts(scaled.shape[0]):
            for x in _starts(scaled.shape[1]):
                yield scaled[y : y + _TILE, x : x + _TILE].astype(np.uint8, copy=False), scale, x, y


def _starts(length: int) -> list[int]:
    """Where tiles begin along one side; the last one ends at its end."""
    if length <= _TILE:
        return [0]
    count = -(-(length - _OVERLAP) // (_TILE - _OVERLAP))
    return [round(index * (length - _TILE) / (count - 1)) for index in range(count)]


def _decode(heat: NDArray[np.float32], size: NDArray[np.float32], offset: NDArray[np.float32]) -> list[_Found]:
    """Turn the maps of the network (a cell is 4 x 4 px) into boxes."""
    found = []
    for row, column in zip(*np.nonzero(heat > _LEAST_SCORE), strict=True):
        rows, columns = (float(value) * 4 for value in np.exp(np.minimum(size[:, row, column], 10)))
        y = (row + 0.5 + float(offset[0, row, column])) * 4
        x = (column + 0.5 + float(offset[1, row, column])) * 4
        found.append((x - columns / 2, y - rows / 2, x + columns / 2, y + rows / 2, float(heat[row, column])))
    return found


def _unite(found: list[_Found]) -> list[_Found]:
    """Keep one box a face, the surest first; what overlaps it widens it."""
    kept: list[_Found] = []
    for face in sorted(found, key=lambda face: -face[4]):
        for index, other in enumerate(kept):
            if _overlap(face, other) >= _SAME:
                kept[index] = _around(other, face)
                break
        else:
            kept.append(face)
    return kept


def _around(one: _Found, two: _Found) -> _Found:
    """The box around two boxes, with the score of the first."""
    return min(one[0], two[0]), min(one[1], two[1]), max(one[2], two[2]), max(one[3], two[3]), one[4]


def _overlap(one: _Found, two: _Found) -> float:
    """Intersection over union."""
    width = min(one[2], two[2]) - max(one[0], two[0])
    height = min(one[3], two[3]) - max(one[1], two[1])
    if width <= 0 or height <= 0:
        return 0.0
    areas = sum((face[2] - face[0]) * (face[3] - face[1]) for face in (one, two))
    return width * height / (areas - width * height)


def _grow(face: _Found, rows: int, columns: int) -> Box:
    """Widen a box on every side, rounded outwards and cut to the picture."""
    x0, y0, x1, y1, _ = face
    margin = _GROW * max(x1 - x0, y1 - y0)
    return (
        max(0, int(np.floor(x0 - margin))),
        max(0, int(np.floor(y0 - margin))),
        min(columns, int(np.ceil(x1 + margin))),
        min(rows, int(np.ceil(y1 + margin))),
    )


def _load_weights() -> bytes:
    """Read the weights from the installed package, else from the source tree, and check their hash."""
    package = Path(deid.__file__).parent
    for folder in (package / "_models", package.parent / "models"):
        path = folder / "centerface" / "centerface.onnx"
        if path.is_file():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != _WEIGHTS_SHA256:
                raise EnvironmentBroken("The weights of the face detector were altered.", "Install deid-toolkit again.")
            return data
    raise EnvironmentBroken("The weights of the face detector are missing.", "Install deid-toolkit again.")


def _open_session(weights: bytes) -> Any:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    # Files are worked on side by side in processes; one thread each keeps a run's results and its timing the same everywhere.
    options.intra_op_num_threads = 1
    options.inter_op_num_threads = 1
    # Spinning burns the other workers' time.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(weights, options, providers=["CPUExecutionProvider"])
