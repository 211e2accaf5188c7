"""JPEG baseline frames: components as they are coded, and back with the source's own tables and sampling."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from io import BytesIO
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from deid.formats.dicom.streams import segments
from deid.formats.pillow import bands

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Stored

    Plane = NDArray[np.uint8]

# Even, so that no block of halved colours is cut.
_BAND_ROWS = 256
_RGB_IDS = ((82, 71, 66), (114, 103, 98))


@dataclass(frozen=True, slots=True)
class JpegHead:
    """What the marker segments of a frame say about its components."""

    ids: tuple[int, ...]
    sampling: tuple[tuple[int, int], ...]
    tables: tuple[int, ...]
    jfif: bool
    adobe: int | None

    @property
    def coded_as_rgb(self) -> bool:
        """True where libjpeg, left alone, would convert nothing (its own rule of thumb)."""
        if self.jfif:
            return False
        return self.adobe == 0 if self.adobe is not None else self.ids in _RGB_IDS

    @property
    def halved(self) -> tuple[int, int]:
        """By how much the colour planes are smaller than the first one: (rows, columns)."""
        if len(self.ids) == 1:
            return 1, 1
        (across, down), (cx, cy) = self.sampling[0], self.sampling[1]
        return down // cy, across // cx


def jpeg_head(frame: bytes) -> JpegHead:
    """Read the marker segments of a JPEG frame."""
    ids: tuple[int, ...] = ()
    sampling: tuple[tuple[int, int], ...] = ()
    tables: tuple[int, ...] = ()
    jfif, adobe = False, None
    for marker, start, end in segments(frame):
        body = frame[start + 4 : end]
        if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
            parts = [body[6 + 3 * at : 9 + 3 * at] for at in range(body[5])]
            ids = tuple(part[0] for part in parts)
            sampling = tuple((part[1] >> 4, part[1] & 15) for part in parts)
            tables = tuple(part[2] for part in parts)
        elif marker == 0xE0 and body.startswith(b"JFIF\0"):
            jfif = True
        elif marker == 0xEE and body.startswith(b"Adobe") and len(body) >= 12:
            adobe = body[11]
    return JpegHead(ids, sampling, tables, jfif, adobe)


def holds_ybr(head: JpegHead, photometric: str) -> bool:
    """Tell whether the components are luminance and colour differences: the stream's own signs go before the header's word."""
    if len(head.ids) != 3 or head.ids in _RGB_IDS:
        return False
    return head.jfif or photometric.startswith("YBR")


def decode_jpeg(frame: bytes) -> Plane:
    """Decode a frame, (rows, columns, samples) uint8, without any conversion of colour."""
    head = jpeg_head(frame)
    with Image.open(BytesIO(frame), formats=("JPEG",)) as image:
        if len(head.ids) == 3 and not head.coded_as_rgb:
            image.draft("YCbCr", image.size)
        image.load()
        plane = np.empty((image.height, image.width, len(image.getbands())), np.uint8)
        for row, band in bands(image):
            plane[row : row + len(band)] = band
    return plane


def encode_jpeg(stored: Stored, frame: bytes) -> bytes:
    """Code samples with the tables, sampling, components and application segments of the frame that they came from.

    Where samples and source agree, the colour planes of the source are given to the coder as they are: what the decoder
    smoothed between them is not coded a second time.
    """
    head = jpeg_head(frame)
    options: dict[str, Any] = {"qtables": _tables(frame, head)}
    if stored.shape[2] == 1:
        return _signed_as(frame, _saved(Image.fromarray(stored[..., 0]), options))
    sampling = {(1, 1): 0, (1, 2): 1, (2, 2): 2}.get(head.halved, 0)
    image = _with_coded_colours(stored, frame, head) if sampling else _for_the_coder(stored)
    return _signed_as(frame, _saved(image, options | {"subsampling": sampling}))


def _for_the_coder(stored: Stored) -> Image.Image:
    """The coder takes the components as they are; what they mean is said by the source's own segments."""
    return Image.fromarray(np.ascontiguousarray(stored), mode="YCbCr")


def _saved(image: Image.Image, options: dict[str, Any]) -> bytes:
    out = BytesIO()
    image.save(out, "JPEG", **options)
    return out.getvalue()


def _signed_as(frame: bytes, coded: bytes) -> bytes:
    """Give a coded frame the application segments and component ids of its source, which tell decoders the colour space."""
    ids = jpeg_head(frame).ids
    parts = [b"\xff\xd8", *(frame[start:end] for marker, start, end in segments(frame) if marker in (0xE0, 0xEE))]
    for marker, start, end in segments(coded)[1:]:
        part = bytearray(coded[start:end])
        if marker in (0xE0, 0xEE):
            continue
        if marker in (0xC0, 0xC1, 0xC2):
            part[10 : 10 + 3 * len(ids) : 3] = bytes(ids)
        elif marker == 0xDA:
            part[5 : 5 + 2 * len(ids) : 2] = bytes(ids)
        parts.append(bytes(part))
    return b"".join(parts)


def _tables(frame: bytes, head: JpegHead) -> list[list[int]]:
    """Return the quantisation table of each component, in the order of the components."""
    with Image.open(BytesIO(frame), formats=("JPEG",)) as image:
        known: dict[int, list[int]] = image.quantization  # type: ignore[attr-defined]
    return [known[table] for table in head.tables]


def _with_coded_colours(stored: Stored, frame: bytes, head: JpegHead) -> Image.Image:
    """Return samples for the coder, the smoothed colours of untouched blocks replaced by the coded ones."""
    down, across = head.halved
    rows, columns = stored.shape[:2]
    coded, touched = _coded_colours(stored, frame, head.halved)
    image = Image.new("YCbCr", (columns, rows))
    for row, band in _bands(stored):
        if coded is not None:
            halved = slice(row // down, (row + _BAND_ROWS) // down)
            colours, kept = (part.repeat(down, axis=0).repeat(across, axis=1) for part in (coded[halved], ~touched[halved]))
            band, kept = band.copy(), kept[: len(band), :columns]
            band[kept, 1:] = colours[: len(band), :columns][kept]
        image.paste(_for_the_coder(band), (0, row))
    return image


def _coded_colours(stored: Stored, frame: bytes, halved: tuple[int, int]) -> tuple[Plane | None, NDArray[np.bool_]]:
    """Return the colours that a frame was coded with, if they can be told, and which of their blocks are others now."""
    before = decode_jpeg(frame)
    changed = [_blocks((band != before[row : row + len(band)]).any(axis=2), halved) for row, band in _bands(stored)]
    if halved != (2, 2):
        return _unsmoothed(before), np.concatenate(changed)
    del before  # beside it the smaller picture would not fit into a worker
    return _halved_planes(frame, stored.shape[:2]), np.concatenate(changed)


def _blocks(changed: NDArray[np.bool_], halved: tuple[int, int]) -> NDArray[np.bool_]:
    """Tell which blocks of one coded colour hold a change."""
    for axis, step in enumerate(halved):
        changed = np.logical_or.reduceat(changed, np.arange(0, changed.shape[axis], step), axis=axis)
    return changed


def _bands(stored: Stored) -> Iterator[tuple[int, Stored]]:
    """Yield a frame some rows at a time: on the way it takes many times its room."""
    for row in range(0, stored.shape[0], _BAND_ROWS):
        yield row, stored[row : row + _BAND_ROWS]


def _halved_planes(frame: bytes, shape: tuple[int, int]) -> Plane | None:
    """Return the colour planes of a 4:2:0 frame: at half size the decoder hands them out unsmoothed."""
    rows, columns = shape
    with Image.open(BytesIO(frame), formats=("JPEG",)) as image:
        image.draft("YCbCr", (columns // 2, rows // 2))
        small = np.asarray(image)
    return small[..., 1:] if small.shape[:2] == ((rows + 1) // 2, (columns + 1) // 2) else None


def _unsmoothed(before: Stored) -> Plane | None:
    """Solve libjpeg's smoothing of a 4:2:2 frame for the coded colours.

    A colour is shown as three parts its own and one part its neighbour's, left and right.
    """
    columns = before.shape[1]
    if columns % 2 or columns < 4:
        return None
    return np.concatenate([_unsmoothed_band(band[..., 1:]) for _, band in _bands(before)])


def _unsmoothed_band(colours: Plane) -> Plane:
    shown = colours.astype(np.int32)
    left, right = shown[:, 0::2], shown[:, 1::2]
    guess = np.empty(left.shape, np.float64)
    guess[:, 1:-1] = (3 * (left[:, 1:-1] + right[:, 1:-1]) - right[:, :-2] - left[:, 2:]) / 4
    # The outer pixels are shown as they are coded.
    guess[:, 0], guess[:, -1] = left[:, 0], right[:, -1]
    return np.clip(np.rint(guess), 0, 255).astype(np.uint8)
