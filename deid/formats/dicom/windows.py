"""From stored samples to what a person sees: modality and VOI transformations (PS3.3 C.11), palettes, colour."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from pydicom.dataset import Dataset

from deid.formats.dicom.walk import items_of, text_of, value_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Stored

    Table = NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class Window:
    """One VOI window in rescaled values."""

    center: float
    width: float
    function: str

    def apply(self, values: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return brightness, 0-1 (PS3.3 C.11.2.1.2 and C.11.2.1.3)."""
        if self.function == "SIGMOID":
            return np.asarray(1 / (1 + np.exp(np.clip(-4 * (values - self.center) / self.width, -60, 60))))
        if self.function == "LINEAR_EXACT":
            return np.clip((values - self.center) / self.width + 0.5, 0, 1)
        return np.clip((values - (self.center - 0.5)) / max(self.width - 1, 1e-6) + 0.5, 0, 1)


def windows_of(dataset: Dataset, index: int) -> tuple[Window, ...]:
    """Return the VOI windows of a frame: its own functional group first, then the shared one, then the header's."""
    found: list[Window] = []
    for place in _places(dataset, index, "FrameVOILUTSequence"):
        centers, widths = _numbers(value_of(place, "WindowCenter")), _numbers(value_of(place, "WindowWidth"))
        function = text_of(place, "VOILUTFunction") or "LINEAR"
        found += [Window(c, w, function) for c, w in zip(centers, widths, strict=False) if w > 0 and np.isfinite([c, w]).all()]
    return tuple(dict.fromkeys(found))


def rescale_of(dataset: Dataset, index: int) -> tuple[float, float]:
    """Return slope and intercept of a frame; (1, 0) where the header says none."""
    for place in _places(dataset, index, "PixelValueTransformationSequence"):
        slope, intercept = _numbers(value_of(place, "RescaleSlope")), _numbers(value_of(place, "RescaleIntercept"))
        if slope and intercept and slope[0] != 0 and np.isfinite([slope[0], intercept[0]]).all():
            return slope[0], intercept[0]
    return 1.0, 0.0


def lookup_tables(dataset: Dataset) -> tuple[tuple[int, NDArray[np.float64]], ...]:
    """Return the VOI lookup tables of the header as (first mapped value, brightness 0-1)."""
    return tuple(table for item in items_of(dataset, "VOILUTSequence") if (table := _lookup_table(item)) is not None)


def _lookup_table(item: Dataset) -> tuple[int, NDArray[np.float64]] | None:
    """Read one table; one that cannot be read shows nothing, and the full range is looked at besides."""
    try:
        entries, first, bits = _descriptor(item["LUTDescriptor"].value)
        data = item["LUTData"].value
        values = np.frombuffer(data, "<u2") if isinstance(data, bytes) else np.asarray(data)
        whole = len(values) >= entries > 1 and 0 < bits <= 16
        return (first, np.clip(values[:entries] / (2.0**bits - 1), 0, 1)) if whole else None
    except Exception:
        return None


def palette_of(dataset: Dataset) -> NDArray[np.uint8] | None:
    """Return the palette as (entries, 3) uint8 RGB for indices from 0, None where it cannot be read."""
    from pydicom.pixels.processing import apply_color_lut

    from deid.formats.dicom.quiet import quiet

    bits = int(value_of(dataset, "BitsStored") or 8)
    try:
        with quiet():
            colours = apply_color_lut(np.arange(2 ** min(bits, 16), dtype=np.uint16), dataset)
    except Exception:
        return None
    return np.asarray(colours) if colours.dtype == np.uint8 else (colours >> 8).astype(np.uint8)


def full_range(values: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return brightness from the least to the greatest value there is."""
    finite = values[np.isfinite(values)]
    low, high = (finite.min(), finite.max()) if finite.size else (0.0, 1.0)
    return np.nan_to_num((values - low) / (high - low if high > low else 1.0))


def grey(brightness: NDArray[np.float64], inverted: bool) -> Stored:
    """Return brightness 0-1 as uint8; inverted for MONOCHROME1."""
    shown = np.clip(brightness * 255 + 0.5, 0, 255).astype(np.uint8)
    return 255 - shown if inverted else shown


def _places(dataset: Dataset, index: int, group: str) -> list[Dataset]:
    """Where the attributes of a functional group may stand for this frame (PS3.3 C.7.6.16)."""
    places: list[Dataset] = []
    frames = items_of(dataset, "PerFrameFunctionalGroupsSequence")
    if index < len(frames):
        places += items_of(frames[index], group)
    for shared in items_of(dataset, "SharedFunctionalGroupsSequence"):
        places += items_of(shared, group)
    return [*places, dataset]


def _numbers(value: Any) -> list[float]:
    if value is None:
        return []
    try:
        return [float(one) for one in (value if isinstance(value, (list, tuple)) or hasattr(value, "__iter__") else [value])]
    except (TypeError, ValueError):
        return []


def _descriptor(value: Any) -> tuple[int, int, int]:
    entries, first, bits = (int(one) for one in value)
    return entries or 65536, first, bits
