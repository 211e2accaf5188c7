"""The frames of a DICOM instance: stored samples, what a person sees, and every look at which text may show."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset

from deid.formats.dicom.codecs import LOSSY_SYNTAXES, decode, is_deep_jpeg
from deid.formats.dicom.equalised import unshown
from deid.formats.dicom.jpeg import holds_ybr, jpeg_head
from deid.formats.dicom.layout import Layout, encoded_frames
from deid.formats.dicom.native import cleared, unpack
from deid.formats.dicom.overlays import Overlay, drawn
from deid.formats.dicom.walk import value_of
from deid.formats.dicom.windows import full_range, grey, lookup_tables, palette_of, rescale_of, windows_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Stored

# Two looks that differ by less than this, on average in grey levels, show the same text.
_SAME_LOOK = 1.0


class NoFrames:
    """The frames of an object that has none: a report, a plan, a presentation state."""

    count = 0
    lossy = False

    def shape(self, index: int) -> tuple[int, int]:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def stored(self, index: int) -> Stored:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def black(self, index: int) -> tuple[float, ...]:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def display(self, index: int) -> Display:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def looks(self, index: int) -> tuple[Display, ...]:
        """Never asked: there is no frame."""
        raise IndexError(index)


class DicomFrames:
    """Frames of one instance, decoded one at a time when asked for.

    Beyond the protocol: `layout` (how the pixels lie), `source(index)` (the encoded frame), `frame_time_ms` (of a cine, 0 where
    the header says none) and `pixel_aspect` (height of a pixel divided by its width) for copies that a phone shows.
    """

    def __init__(self, dataset: Dataset, layout: Layout, overlays: Sequence[Overlay] = ()) -> None:
        self.layout = layout
        self._overlays = overlays
        self._dataset = dataset
        self._encoded = () if layout.native else tuple(encoded_frames(dataset, layout))
        if self._encoded:
            # The frames are held once: a clip of half a gigabyte is half a gigabyte.
            dataset["PixelData"].value = b""
        self._native = _native_bytes(dataset, layout) if layout.native else b""
        self._decoded = lru_cache(maxsize=2)(self._decode)

    @property
    def count(self) -> int:
        """Number of frames."""
        return self.layout.count

    @property
    def lossy(self) -> bool:
        """True for JPEG of 8 bits: a touched frame is coded once more with its own tables. All other syntaxes come back exactly."""
        return self.layout.syntax in LOSSY_SYNTAXES and not is_deep_jpeg(self.layout)

    @property
    def frame_time_ms(self) -> float:
        """Time from frame to frame in milliseconds; 0 where the header says none."""
        for name, factor in (("FrameTime", 1.0), ("RecommendedDisplayFrameRate", 0.0), ("CineRate", 0.0)):
            try:
                value = float(value_of(self._dataset, name) or 0)
            except (TypeError, ValueError):
                continue
            if value > 0:
                return value if factor else 1000 / value
        return 0.0

    @property
    def pixel_aspect(self) -> float:
        """Height of a pixel divided by its width; 1 where pixels are square or nothing is said."""
        for name in ("PixelAspectRatio", "PixelSpacing", "ImagerPixelSpacing"):
            try:
                height, width = (float(one) for one in value_of(self._dataset, name) or ())
            except (TypeError, ValueError):
                continue
            if height > 0 and width > 0:
                return height / width
        return 1.0

    def shape(self, index: int) -> tuple[int, int]:
        """Rows and columns, the same for every frame."""
        return self.layout.rows, self.layout.columns

    def source(self, index: int) -> bytes:
        """Return the encoded frame as it is in the file."""
        return self._encoded[index]

    def stored(self, index: int) -> Stored:
        """Return the samples of a frame, unused bits cleared."""
        return self._decoded(index).copy()

    def black(self, index: int) -> tuple[float, ...]:
        """Return the stored value that shows as black or as the darkest there is."""
        layout = self.layout
        if layout.photometric == "PALETTE COLOR":
            return (float(self._darkest_entry),)
        if layout.samples == 3:
            middle = float(1 << (layout.bits_stored - 1))
            return (0.0, middle, middle) if self._is_ybr else (0.0, 0.0, 0.0)
        return (self._darkest,)

    def display(self, index: int) -> Display:
        """Return the frame as the header wants it shown: its first window, else its full range."""
        return self.looks(index)[0]

    def looks(self, index: int) -> tuple[Display, ...]:
        """Return the frame in every window of the header and over its full range, each look once; then with its overlays."""
        looks = self._looks(index)
        overlaid = drawn(looks[0], self._overlays, index)
        return looks if overlaid is None else (*looks, overlaid)

    def _looks(self, index: int) -> tuple[Display, ...]:
        frame = self._decoded(index)
        if self.layout.samples == 3:
            return (self._colour(frame),)
        if self.layout.photometric == "PALETTE COLOR" and self._palette is not None:
            last = len(self._palette) - 1
            return (self._palette[np.clip(frame[..., 0].astype(np.int64), 0, last)],)
        looks: list[Stored] = []
        for look in self._greys(frame[..., 0], index):
            if all(np.abs(look.astype(np.int16) - other).mean() >= _SAME_LOOK for other in looks):
                looks.append(look)
        return tuple(np.repeat(look[..., None], 3, axis=2) for look in looks)

    def _greys(self, plane: Stored, index: int) -> list[Stored]:
        """Apply each transformation once to every value that occurs, then look the values up."""
        levels, places = _levels(plane)
        slope, intercept = rescale_of(self._dataset, index)
        rescaled = levels.astype(np.float64) * slope + intercept
        inverted = self.layout.photometric == "MONOCHROME1"
        shown = [window.apply(rescaled) for window in windows_of(self._dataset, index)]
        shown += [
            table[np.clip(np.nan_to_num(rescaled) - first, 0, len(table) - 1).astype(np.int64)]
            for first, table in lookup_tables(self._dataset)
        ]
        if self._plain and not shown:
            return [grey(rescaled / 255, inverted)[places]]
        shown.append(full_range(rescaled))
        shown += unshown(shown, levels.astype(np.float64), places)
        return [grey(brightness, inverted)[places] for brightness in shown]

    @property
    def _plain(self) -> bool:
        """True for 8 bit grey without a window: what is stored is what is shown."""
        return self.layout.bits_stored == 8 and self.layout.bits_allocated == 8 and not self.layout.signed

    def _colour(self, frame: Stored) -> Display:
        if self.layout.bits_stored > 8 or frame.dtype != np.uint8:
            frame = (frame >> max(0, self.layout.bits_stored - 8)).astype(np.uint8)
        if not self._is_ybr:
            return np.ascontiguousarray(frame)
        from pydicom.pixels.processing import convert_color_space

        return np.asarray(convert_color_space(frame, "YBR_FULL", "RGB"), np.uint8)

    @cached_property
    def _is_ybr(self) -> bool:
        """True where the decoded samples are luminance and two colours; JPEG 2000 codecs undo their own transformation."""
        if self.layout.syntax in LOSSY_SYNTAXES:
            return holds_ybr(jpeg_head(self._encoded[0]), self.layout.photometric)
        return self.layout.photometric in ("YBR_FULL", "YBR_FULL_422")

    @cached_property
    def _palette(self) -> NDArray[np.uint8] | None:
        return palette_of(self._dataset)

    @cached_property
    def _darkest_entry(self) -> int:
        return 0 if self._palette is None else int(self._palette.astype(np.uint32).sum(axis=1).argmin())

    @cached_property
    def _darkest(self) -> float:
        """Black in stored values: the end of the range, for signed and float samples the end of what occurs in the first frame."""
        layout, inverted = self.layout, self.layout.photometric == "MONOCHROME1"
        if layout.keyword == "PixelData" and not layout.signed:
            top = ((1 << layout.bits_stored) - 1) << (layout.high_bit - layout.bits_stored + 1)
            return float(top if inverted else 0)
        first = self._decoded(0)
        finite = first[np.isfinite(first)] if layout.keyword != "PixelData" else first
        if not finite.size:
            return 0.0
        return float(finite.max() if inverted else finite.min())

    def _decode(self, index: int) -> Stored:
        if self.layout.native:
            return cleared(unpack(self._native, self.layout, index), self.layout)
        return decode(self._encoded[index], self.layout)


def _native_bytes(dataset: Dataset, layout: Layout) -> bytes:
    """Return the native pixel bytes; 8-bit samples that a big-endian file holds in words come back in their order."""
    element = dataset[layout.keyword]
    data: bytes = element.value
    if layout.dtype.byteorder == ">" or not swapped_words(dataset, layout):
        return data
    return np.frombuffer(data[: len(data) // 2 * 2], ">u2").astype("<u2").tobytes()


def swapped_words(dataset: Dataset, layout: Layout) -> bool:
    """Tell whether bytes lie in big-endian words (PS3.5 A.3)."""
    big = str(layout.syntax) == "1.2.840.10008.1.2.2"
    return big and layout.bits_allocated <= 8 and dataset[layout.keyword].VR == "OW"


def _levels(plane: Stored) -> tuple[Stored, NDArray[np.int64]]:
    """Return the values that may occur and, for each pixel, which of them it is."""
    if plane.dtype.kind in "iu" and plane.dtype.itemsize <= 2:
        low = int(plane.min())
        return np.arange(low, int(plane.max()) + 1), plane.astype(np.int64) - low
    levels, places = np.unique(plane, return_inverse=True)
    return levels, places.reshape(plane.shape)
