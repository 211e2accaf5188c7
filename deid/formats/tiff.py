"""TIFF: every page read upright, 8 to 32 bit; thumbnails and hidden sub-directories are left out."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from deid.contents import Contents
from deid.errors import FileRefused
from deid.formats import tiff_file
from deid.formats.arrays import PixelFrames, red_first, without_hidden_colour
from deid.formats.deep_colour import deep_to_srgb
from deid.formats.exif import photo_facts
from deid.formats.header import PictureHeader
from deid.formats.pillow import check_count, check_size, decoding, open_picture, samples
from deid.formats.raster import RasterFormat, counted, instance_of
from deid.formats.tiff_file import Page
from deid.policy import Policy
from deid.types import HeaderChange, Instance

if TYPE_CHECKING:
    from deid.types import Stored

# NewSubfileType (TIFF 6.0): bit 0 a smaller version of another page, bit 2 a transparency mask.
_NOT_A_PAGE = 1 | 4
_ORIENTATION, _MIN_IS_WHITE, _RGB = 274, 0, 2
# Kinds of extra sample that are transparency.
_ALPHA = (1, 2)
# A page of more pixels is decoded with a reader of its own, which goes with what it decoded.
_LARGE = 16_000_000
_BAND_ROWS = 256


class Tiff(RasterFormat):
    """TIFF 6.0; not BigTIFF, not camera raw files in TIFF's clothes."""

    kind = "tiff"

    def accepts(self, data: Contents) -> bool:
        """Tell by byte order and magic number."""
        return data[:4] in tiff_file.BYTE_ORDERS

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Find the pages; each is decoded when it is wanted."""
        pages = list(tiff_file.pages(data, policy.max_frames))
        check_count(len(pages), policy)
        _check_kind(data, pages)
        wanted = [number for number, page in enumerate(pages) if not page.get(tiff_file.SUBFILE, 0) & _NOT_A_PAGE] or [0]
        for number in wanted:
            check_size(pages[number].get(tiff_file.ROWS, 0), pages[number].get(tiff_file.COLUMNS, 0), policy)
            _check_layout(pages[number])
        with decoding():
            image = open_picture(data, "TIFF", policy)
            facts = photo_facts(image)

        def opened(page: Page) -> Image.Image:
            # Pillow walks to a page from the first one on, and keeps what it decoded.
            return open_picture(data, "TIFF", policy) if _is_large(page) else image

        frames = PixelFrames(
            [_upright_shape(pages[number]) for number in wanted],
            lambda index: _decoded(data, opened, wanted[index], pages[wanted[index]]),
        )
        if not frames.stored(0).size:
            raise FileRefused("broken")
        header = PictureHeader("tiff", removed=counted(tiff_file.removed_parts(data)))
        return instance_of(
            self.kind, frames, policy, header, camera=facts.camera, known=facts.known, dropped=_dropped(pages, len(wanted))
        )

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file directory by directory."""
        return tiff_file.strangers(data)


def _check_kind(data: Contents, pages: list[Page]) -> None:
    if not pages:
        raise FileRefused("truncated")
    first = pages[0]
    thumbnail_first = first.get(tiff_file.SUBFILE, 0) & 1 and first.all(tiff_file.SUB_DIRECTORIES)
    if data[8:10] == b"CR" or first.all(tiff_file.DNG_VERSION) or thumbnail_first:
        raise FileRefused("format-refused", "a camera raw file")


def _is_large(page: Page) -> bool:
    return page.get(tiff_file.ROWS, 0) * page.get(tiff_file.COLUMNS, 0) > _LARGE


def _is_deep_colour(page: Page) -> bool:
    return max(page.all(tiff_file.BITS) or (1,)) > 8 and page.get(tiff_file.SAMPLES, 1) > 1


def _check_layout(page: Page) -> None:
    """Refuse deep colour that is not RGB, pixel by pixel: its decoder would take the samples for something else."""
    plain = page.get(tiff_file.PLANES, 1) == 1 and page.get(tiff_file.PHOTOMETRIC, _RGB) == _RGB
    if _is_deep_colour(page) and not plain:
        raise FileRefused("codec-missing")


def _dropped(pages: list[Page], kept: int) -> tuple[HeaderChange, ...]:
    hidden = sum(len(page.all(tiff_file.SUB_DIRECTORIES)) for page in pages)
    changes = (HeaderChange("NewSubfileType", "X", len(pages) - kept), HeaderChange("SubIFDs", "X", hidden))
    return tuple(change for change in changes if change.count)


def _upright_shape(page: Page) -> tuple[int, int]:
    rows, columns = page.get(tiff_file.ROWS, 0), page.get(tiff_file.COLUMNS, 0)
    return (columns, rows) if page.get(_ORIENTATION, 1) in (5, 6, 7, 8) else (rows, columns)


def _decoded(data: Contents, opened: Callable[[Page], Image.Image], number: int, page: Page) -> Stored:
    """Decode a page; both decoders turn it upright by themselves."""
    with decoding():
        image = opened(page)
        image.seek(number)
        profile = image.info.get("icc_profile")
        if _is_deep_colour(page):
            return deep_to_srgb(_deep(data, number, page), profile)
        image.load()
        stored = samples(image)
    if stored.dtype == np.uint16 and page.get(tiff_file.PHOTOMETRIC, 1) == _MIN_IS_WHITE:
        np.subtract(np.uint16(2 ** page.get(tiff_file.BITS, 16) - 1), stored, out=stored)
    if stored.dtype.kind == "f":
        return _finite(stored)
    return deep_to_srgb(stored, profile) if stored.dtype == np.uint16 else stored


def _finite(stored: Stored) -> Stored:
    """Give every sample a number: what is none becomes the darkest, what is endless the darkest or brightest there is."""
    bands = [stored[row : row + _BAND_ROWS] for row in range(0, stored.shape[0], _BAND_ROWS)]
    known = [(part.min(), part.max()) for part in (band[np.isfinite(band)] for band in bands) if part.size]
    low, high = float(min(known)[0]) if known else 0.0, float(max(most for _, most in known)) if known else 0.0
    for band in bands:
        np.nan_to_num(band, copy=False, nan=low, posinf=high, neginf=low)
    return stored


def _deep(data: Contents, number: int, page: Page) -> Stored:
    """Decode 16-bit colour, which Pillow would cut to 8; cv2 keeps blue first and knows one layout only."""
    import cv2

    plain = tiff_file.plain_samples(data, page)
    if plain is not None:
        return plain
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)  # it talks about tags that it does not know
    done, pages = cv2.imdecodemulti(np.frombuffer(data[:], np.uint8), cv2.IMREAD_UNCHANGED, range=(number, number + 1))
    if not done or pages[0].dtype != np.uint16 or pages[0].ndim != 3:
        raise FileRefused("codec-missing")
    samples_kept = 4 if page.get(tiff_file.EXTRA_SAMPLES, 0) in _ALPHA else 3
    stored = red_first(pages[0])
    return without_hidden_colour(stored if stored.shape[2] <= samples_kept else np.ascontiguousarray(stored[:, :, :samples_kept]))
