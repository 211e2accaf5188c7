"""Barcodes: located and read by zxing-cpp, then grown until the whole symbol and its quiet zone are inside."""

from __future__ import annotations

from importlib.metadata import version as package_version
from typing import TYPE_CHECKING, Any, Final

import cv2
import numpy as np

from deid.protocols import Detection
from deid.types import PhiCategory, Polygon, Region

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display

# Quiet zones are 4 modules of at least 21 (QR), 1 of 10 (DataMatrix), 10 of about 100 (linear): a fifth of the shorter side covers
# them, and a corner that was placed a little wrong.
_GROW: Final = 0.2


class BarcodeDetector:
    """Finds linear and matrix codes, readable or damaged. Loaded once a worker, used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name as the audit log says it."""
        return "zxing"

    @property
    def version(self) -> str:
        """Version of the package that carries the reader."""
        return f"zxing-cpp {package_version('zxing-cpp')}"

    @property
    def category(self) -> PhiCategory:
        """Category of everything it finds."""
        return PhiCategory.OTHER

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""
        try:
            import zxingcpp  # noqa: F401  only whether it is there
        except ImportError:
            return "zxing-cpp is missing. Install it: pip install zxing-cpp"
        return None

    def detect(self, image: Display) -> tuple[Detection, ...]:
        """Find codes in a picture, (rows, columns, 3) uint8 RGB; regions cover whole symbols, on frames (0, 1)."""
        grey = cv2.cvtColor(image, cv2.COLOR_RGB2GRAY)
        return tuple(_detection(code, grey.shape) for code in _read(grey))


def _read(grey: NDArray[np.uint8]) -> list[Any]:
    import zxingcpp

    return list(zxingcpp.read_barcodes(grey, return_errors=True, text_mode=zxingcpp.TextMode.Plain))


def _detection(code: Any, shape: tuple[int, ...]) -> Detection:
    position = code.position
    corners = np.array(
        [(p.x, p.y) for p in (position.top_left, position.top_right, position.bottom_right, position.bottom_left)], np.float64
    )
    kind = str(code.format).lower().removesuffix(" code").replace(" ", "-")
    region = Region(_outwards(_grow(corners), shape), (0, 1))
    return Detection(region, 1.0 if code.valid else 0.5, f"barcode:{kind}", code.text if code.valid else "")


def _grow(corners: NDArray[np.float64]) -> NDArray[np.float64]:
    """Move every corner outwards, along both sides that meet there, by a share of the shorter side."""
    along, down = _sides(corners)
    margin = _GROW * min(np.linalg.norm(along), np.linalg.norm(down)) + 1
    along, down = (side / max(float(np.linalg.norm(side)), 1.0) * margin for side in (along, down))
    grown: NDArray[np.float64] = corners + np.array([-along - down, along - down, along + down, down - along])
    return grown


def _sides(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Mean vectors along the upper and lower side, and down the left and right one."""
    top_left, top_right, bottom_right, bottom_left = corners
    return (top_right - top_left + bottom_right - bottom_left) / 2, (bottom_left - top_left + bottom_right - top_right) / 2


def _outwards(corners: NDArray[np.float64], shape: tuple[int, ...]) -> Polygon:
    """Round to pixel edges away from the centre, and cut to the picture."""
    away = np.where(corners < corners.mean(axis=0), np.floor(corners), np.ceil(corners))
    limits = np.array([shape[1], shape[0]])
    return tuple((int(x), int(y)) for x, y in np.clip(away, 0, limits))
