"""Pictures at the limits: a hundred megapixels of every kind, and long runs; made for `tests.benchmark.memory`."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from PIL import Image
from pydicom.uid import ExplicitVRLittleEndian, JPEGBaseline8Bit

from deid.formats.arrays import PixelFrames
from deid.formats.header import PictureHeader
from deid.formats.raster import encode
from tests.dicom_samples import dataset, encapsulated, file_of

_LINES = ("QUIMBY LEONORA  MRN 778812", "LAO 30  CRAN 20", "DOB 17-Feb-1943", "120 kV 240 mA")
_TEXT = (170, 520)
_BAND_ROWS = 500
# The largest side of a WebP.
_WEBP_SIDE = 16383
# As a console writes them; a header says that they follow each other.
_RUN = {"Modality": "XA", "FrameTime": "66.7", "CineRate": "15"}


def picture(rows: int, columns: int, samples: int = 1, dtype: Any = np.uint8, *, tinted: bool = False, seed: int = 1) -> np.ndarray:
    """A smooth picture under grain, with four lines of text in two corners, (rows, columns, samples).

    The grain is weaker than the edge of a glyph, so the networks look at the tiles with text only: memory is that of any picture
    of this size, time is not. `tinted` gives every colour a grain of its own, as a camera does.
    """
    rng = np.random.default_rng(seed)
    most = int(np.iinfo(dtype).max)
    made = np.empty((rows, columns, samples), dtype)
    ramp = np.linspace(0.1, 0.7, columns)[None, :, None]
    for top in range(0, rows, _BAND_ROWS):
        band = made[top : top + _BAND_ROWS]
        band[:] = np.clip((ramp + rng.normal(0, 0.006, (*band.shape[:2], samples if tinted else 1))) * most, 0, most)
    text = np.zeros(_TEXT, np.uint8)
    for number, line in enumerate(_LINES):
        cv2.putText(text, line, (10, 30 + 40 * number), cv2.FONT_HERSHEY_SIMPLEX, 0.8, 255, 2, cv2.LINE_AA)
    for top, left in ((20, 20), (max(0, rows - 200), max(0, columns - 560))):
        place = made[top : top + _TEXT[0], left : left + _TEXT[1]]
        part = text[: place.shape[0], : place.shape[1], None] / 255
        place[:] = place + part * (0.95 * most - place)
    return made


def make(kind: str, path: Path, megapixels: float) -> None:
    """Write the picture or the run of a kind; `megapixels` is the size of the largest frame of those that are not runs."""
    KINDS[kind](path, max(64, round((megapixels * 1e6) ** 0.5)))


def _own(kind: str, samples: int = 3, dtype: Any = np.uint8, pages: int = 1) -> Callable[[Path, int], None]:
    def write(path: Path, side: int) -> None:
        pixels = picture(side, side, samples, dtype)
        maximum = int(np.iinfo(dtype).max)
        with path.open("wb") as file:
            encode(kind, PixelFrames.of([pixels] * pages), PictureHeader(kind, maximum=maximum), file)

    return write


def _pillow(kind: str, *, widest: int = 10**6, **options: Any) -> Callable[[Path, int], None]:
    def write(path: Path, side: int) -> None:
        columns = min(widest, side)
        pixels = picture(side * side // columns if side > widest else side, columns, 3, tinted=True)
        Image.fromarray(pixels).save(path, kind, **options)

    return write


def _turned_photo(path: Path, side: int) -> None:
    exif = Image.Exif()
    exif[0x0112], exif[0x010F] = 6, "Example"
    _pillow("JPEG", quality=92, subsampling=2, exif=exif)(path, side)


def _dicom(
    samples: int = 1, dtype: Any = np.uint8, frames: int = 1, side: int = 0, **attributes: Any
) -> Callable[[Path, int], None]:
    def write(path: Path, largest: int) -> None:
        one = picture(side or largest, side or largest, samples, dtype)
        ds = dataset(one[None], **attributes)
        if frames > 1:
            ds.NumberOfFrames = frames
            ds.PixelData = b"".join(np.roll(one, number, axis=1).tobytes() for number in range(frames))
        path.write_bytes(file_of(ds, ExplicitVRLittleEndian))

    return write


def _dicom_jpeg(path: Path, side: int) -> None:
    file = io.BytesIO()
    Image.fromarray(picture(side, side, 3)).save(file, "JPEG", quality=92, subsampling=2)
    ds = dataset(picture(2, 2, 3)[None], Rows=side, Columns=side, PhotometricInterpretation="YBR_FULL_422")
    path.write_bytes(file_of(encapsulated(ds, [file.getvalue()]), JPEGBaseline8Bit))


def _film(kind: str, frames: int, side: int) -> Callable[[Path, int], None]:
    def write(path: Path, largest: int) -> None:
        one = Image.fromarray(picture(side, side, 1)[:, :, 0])
        rolled: Iterable[Image.Image] = (Image.fromarray(np.roll(np.asarray(one), n, axis=1)) for n in range(1, frames))
        one.save(path, kind, save_all=True, append_images=rolled, duration=66, loop=0)

    return write


KINDS: dict[str, Callable[[Path, int], None]] = {
    "png": _own("png"),
    "png-16-bit": _own("png", 3, np.uint16),
    "png-grey-16-bit": _own("png", 1, np.uint16),
    "png-alpha": _own("png", 4),
    "jpeg": _pillow("JPEG", quality=92, subsampling=2),
    "jpeg-progressive": _pillow("JPEG", quality=92, subsampling=0, progressive=True),
    "jpeg-turned": _turned_photo,
    "tiff": _pillow("TIFF"),
    "tiff-16-bit": _own("tiff", 3, np.uint16),
    "tiff-pages": _own("tiff", 3, pages=3),
    "webp": _pillow("WEBP", widest=_WEBP_SIDE, quality=90),
    "bmp": _own("bmp"),
    "pnm": _own("pnm"),
    "pnm-16-bit": _own("pnm", 3, np.uint16),
    "pdf-pages": _own("pdf", 3, pages=3),
    "dicom": _dicom(1, np.uint16),
    "dicom-colour": _dicom(3),
    "dicom-colour-16-bit": _dicom(3, np.uint16),
    "dicom-jpeg": _dicom_jpeg,
    "run-512": _dicom(1, np.uint8, 2000, 512, **_RUN),
    "run-512-16-bit": _dicom(1, np.uint16, 2000, 512, **_RUN),
    "run-1024": _dicom(1, np.uint16, 300, 1024, **_RUN),
    "gif-512": _film("GIF", 500, 512),
}
"""Each kind's maker: a path, and the side of the largest square frame."""
