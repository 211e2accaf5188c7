"""The frames of a DICOM instance: stored samples, what a person sees, and every look at which text may show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING

import numpy as np
from pydicom.dataset import Dataset

from deid.contents import Contents
from deid.formats.arrays import HEAVY, ORDINARY
from deid.formats.dicom.codecs import LOSSY_SYNTAXES, decode, is_deep_jpeg
from deid.formats.dicom.equalised import unshown
from deid.formats.dicom.greys import Greys
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
# Frames of a run that are kept: its neighbours are often asked for again.
_KEPT = 2
_BAND_ROWS = 256


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

    def taken(self, index: int) -> Stored:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def rest(self) -> None:
        """There is nothing to let go of."""

    def black(self, index: int) -> tuple[float, ...]:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def display(self, index: int) -> Display:
        """Never asked: there is no frame."""
        raise IndexError(index)

    def looks(self, index: int) -> Iterator[Display]:
        """Never asked: there is no frame."""
        raise IndexError(index)


class DicomFrames:
    """Frames of one instance, decoded one at a time when asked for.

    Beyond the protocol: `layout` (how the pixels lie), `source(index)` (the encoded frame), `frame_time_ms` (of a cine, 0 where
    the header says none) and `pixel_aspect` (height of a pixel divided by its width) for copies that a phone shows.
    """

    def __init__(self, dataset: Dataset, pixels: Contents | None, layout: Layout, overlays: Sequence[Overlay] = ()) -> None:
        self.layout = layout
        self._overlays = overlays
        self._dataset = dataset
        self._encoded = () if layout.native else tuple(encoded_frames(dataset, pixels, layout))
        if self._encoded and isinstance(pixels, bytes):
            # The frames are held once: a clip of half a gigabyte is half a gigabyte.
            dataset["PixelData"].value = b""
        self._native = _in_order(dataset, pixels or b"", layout) if layout.native else b""
        self._decoded = lru_cache(maxsize=_KEPT if self._is_ordinary else 1)(self._decode)
        self._greys = lru_cache(maxsize=1)(self._work_out_greys) if self._is_ordinary else self._work_out_greys
        self._shades = lru_cache(maxsize=_KEPT)(self._work_out_shades)

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
        return self._encoded[index][:]

    def stored(self, index: int) -> Stored:
        """Return the samples of a frame, unused bits cleared; read-only."""
        view = self._decoded(index).view()
        view.flags.writeable = False
        return view

    def taken(self, index: int) -> Stored:
        """Return the samples of a frame as the caller's own; a frame that is not an ordinary one is not kept here then."""
        if self._is_ordinary:
            return self._decoded(index).copy()
        frame = self._decoded(index)
        self._decoded.cache_clear()
        return frame if frame.flags.writeable else frame.copy()

    def rest(self) -> None:
        """Let go of a frame that is not an ordinary one."""
        if not self._is_ordinary:
            self._decoded.cache_clear()

    @property
    def _is_ordinary(self) -> bool:
        return self.layout.frame_bits // 8 <= ORDINARY

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
        return next(self._looks(index))

    def looks(self, index: int) -> Iterator[Display]:
        """Yield the frame in every window of the header and over its full range, each look once; then with its overlays."""
        yield from self._looks(index)
        overlaid = drawn(self.display(index), self._overlays, index) if self._overlays else None
        if overlaid is not None:
            yield overlaid

    def _looks(self, index: int) -> Iterator[Display]:
        yield self._first_look(index)
        # Most of whoever asks wants the first look only: what tells the others is worked out later, and once.
        for number in range(1, 1 if self._has_colour else len(self._shades(index))):
            yield self._in_shades(index, self._shades(index)[number])

    def _first_look(self, index: int) -> Display:
        if not self._has_colour:
            return self._in_shades(index, grey(next(self._brightness(self._greys(index), index)), self._inverted))
        frame = self._decoded(index)
        self._rest_beside_a_look()
        return self._colour(frame) if self.layout.samples == 3 else self._in_palette(frame[..., 0])

    def _in_shades(self, index: int, shades: NDArray[np.uint8]) -> Display:
        picture = self._greys(index).shown(shades)
        self._rest_beside_a_look()
        return picture

    def _rest_beside_a_look(self) -> None:
        if self.layout.frame_bits // 8 > HEAVY:
            self._decoded.cache_clear()

    def _work_out_greys(self, index: int) -> Greys:
        return Greys(self._decoded(index)[..., 0])

    def _work_out_shades(self, index: int) -> list[NDArray[np.uint8]]:
        """Apply each transformation once to every value that occurs; return the greys of each look that is unlike the others."""
        greys = self._greys(index)
        shown = list(self._brightness(greys, index))
        if not (self._plain and not self._is_told(index)):
            shown += unshown(shown, greys)
        kept: list[NDArray[np.uint8]] = []
        for shades in (grey(brightness, self._inverted) for brightness in shown):
            if all(_difference(shades, other, greys) >= _SAME_LOOK for other in kept):
                kept.append(shades)
        return kept

    def _brightness(self, greys: Greys, index: int) -> Iterator[NDArray[np.float64]]:
        """Yield the brightness of every value as the header tells it, then over the full range."""
        slope, intercept = rescale_of(self._dataset, index)
        rescaled = greys.values * slope + intercept
        for window in windows_of(self._dataset, index):
            yield window.apply(rescaled)
        for first, table in lookup_tables(self._dataset):
            yield table[np.clip(np.nan_to_num(rescaled) - first, 0, len(table) - 1).astype(np.int64)]
        yield rescaled / 255 if self._plain and not self._is_told(index) else full_range(rescaled)

    def _is_told(self, index: int) -> bool:
        return bool(windows_of(self._dataset, index) or lookup_tables(self._dataset))

    @property
    def _has_colour(self) -> bool:
        return self.layout.samples == 3 or (self.layout.photometric == "PALETTE COLOR" and self._palette is not None)

    @property
    def _inverted(self) -> bool:
        return self.layout.photometric == "MONOCHROME1"

    @property
    def _plain(self) -> bool:
        """True for 8 bit grey without a window: what is stored is what is shown."""
        return self.layout.bits_stored == 8 and self.layout.bits_allocated == 8 and not self.layout.signed

    def _in_palette(self, plane: Stored) -> Display:
        palette = self._palette
        assert palette is not None
        return _by_bands(plane, lambda band: palette[np.clip(band.astype(np.int64), 0, len(palette) - 1)])

    def _colour(self, frame: Stored) -> Display:
        if self.layout.bits_stored <= 8 and frame.dtype == np.uint8 and not self._is_ybr:
            return np.ascontiguousarray(frame)
        return _by_bands(frame, self._colour_of_band)

    def _colour_of_band(self, band: Stored) -> Display:
        if self.layout.bits_stored > 8 or band.dtype != np.uint8:
            band = (band >> max(0, self.layout.bits_stored - 8)).astype(np.uint8)
        if not self._is_ybr:
            return band
        from pydicom.pixels.processing import convert_color_space

        return np.asarray(convert_color_space(band, "YBR_FULL", "RGB"), np.uint8)

    @cached_property
    def _is_ybr(self) -> bool:
        """True where the decoded samples are luminance and two colours; JPEG 2000 codecs undo their own transformation."""
        if self.layout.syntax in LOSSY_SYNTAXES:
            return holds_ybr(jpeg_head(self.source(0)), self.layout.photometric)
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
        return decode(self.source(index), self.layout)


def _by_bands(frame: Stored, shown: Callable[[Stored], Display]) -> Display:
    """Show a frame some rows at a time: on the way a picture takes many times its room."""
    picture = np.empty((*frame.shape[:2], 3), np.uint8)
    for row in range(0, frame.shape[0], _BAND_ROWS):
        picture[row : row + _BAND_ROWS] = shown(frame[row : row + _BAND_ROWS])
    return picture


def _difference(shades: NDArray[np.uint8], other: NDArray[np.uint8], greys: Greys) -> float:
    """How far apart two looks are, in grey levels a pixel."""
    apart = np.abs(shades.astype(np.int64) - other)
    return float(int(apart @ greys.counts) / (greys.shape[0] * greys.shape[1]))


def _in_order(dataset: Dataset, pixels: Contents, layout: Layout) -> Contents:
    """Return the native pixel bytes; 8-bit samples that a big-endian file holds in words come back in their order."""
    if layout.dtype.byteorder == ">" or not swapped_words(dataset, layout):
        return pixels
    return np.frombuffer(pixels[: len(pixels) // 2 * 2], ">u2").astype("<u2").tobytes()


def swapped_words(dataset: Dataset, layout: Layout) -> bool:
    """Tell whether bytes lie in big-endian words (PS3.5 A.3)."""
    big = str(layout.syntax) == "1.2.840.10008.1.2.2"
    return big and layout.bits_allocated <= 8 and dataset[layout.keyword].VR == "OW"
