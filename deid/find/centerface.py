"""The network that finds faces: its weights by path and hash, one thread, picture in, boxes out."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import numpy as np

import deid
from deid.errors import EnvironmentBroken
from deid.find.runtimes import onnx_session

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

FaceBox: TypeAlias = tuple[float, float, float, float, float]
"""x0, y0, x1, y1 in pixels, and the network's score (0-1)."""

WEIGHTS_SHA256: Final = "86c6a129eee306f5ce7e258d81d43b8f3c5c10414095fe1bed74592d95db0bd6"
# The network halves its input five times, and a cell of its maps is 4 x 4 px.
_MULTIPLE: Final = 32
_CELL: Final = 4
# exp(10) cells are more than any picture has; beyond it the network speaks nonsense, and exp overflows.
_LARGEST_LOG: Final = 10


class CenterFace:
    """The network, loaded when it is asked for the first time."""

    def __init__(self) -> None:
        self._session: Any = None

    def rest(self) -> None:
        """Let go of the network, and of the memory that it took; it is loaded again where it is asked for."""
        self._session = None

    def boxes(self, image: Display, least: float) -> list[FaceBox]:
        """Find faces that score at least `least` in a picture, (rows, columns, 3) uint8 RGB; one face gives several boxes.

        Raises
        ------
        EnvironmentBroken
            Where the weights are missing or altered.
        """
        if self._session is None:
            self._session = onnx_session(load_weights())
        rows, columns = (-(-side // _MULTIPLE) * _MULTIPLE for side in image.shape[:2])
        canvas = np.zeros((1, 3, rows, columns), np.float32)
        canvas[0, :, : image.shape[0], : image.shape[1]] = image.transpose(2, 0, 1)
        heat, size, offset = self._session.run(["537", "538", "539"], {"input.1": canvas})
        return _decode(heat[0, 0], size[0], offset[0], least)


def _decode(heat: NDArray[np.float32], size: NDArray[np.float32], offset: NDArray[np.float32], least: float) -> list[FaceBox]:
    """Turn the network's maps into boxes; its first channel is vertical."""
    found = []
    for row, column in zip(*np.nonzero(heat >= least), strict=True):
        rows, columns = (float(value) * _CELL for value in np.exp(np.minimum(size[:, row, column], _LARGEST_LOG)))
        y = (row + 0.5 + float(offset[0, row, column])) * _CELL
        x = (column + 0.5 + float(offset[1, row, column])) * _CELL
        found.append((x - columns / 2, y - rows / 2, x + columns / 2, y + rows / 2, float(heat[row, column])))
    return found


def load_weights() -> bytes:
    """Read the weights from the installed package, else from the source tree, and check their hash.

    Raises
    ------
    EnvironmentBroken
        Where they are missing, or not the ones that were measured.
    """
    package = Path(deid.__file__).parent
    for folder in (package / "_models", package.parent / "models"):
        path = folder / "centerface" / "centerface.onnx"
        if path.is_file():
            data = path.read_bytes()
            if hashlib.sha256(data).hexdigest() != WEIGHTS_SHA256:
                raise EnvironmentBroken("The weights of the face detector were altered.", "Install deid-toolkit again.")
            return data
    raise EnvironmentBroken("The weights of the face detector are missing.", "Install deid-toolkit again.")
