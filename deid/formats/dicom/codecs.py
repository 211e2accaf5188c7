"""Encapsulated frames, one at a time: which codec reads and writes them."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder, get_encoder
from pydicom.uid import JPEG2000, UID, JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from deid.errors import FileRefused
from deid.formats.dicom.extended import decode_extended
from deid.formats.dicom.jpeg import decode_jpeg, encode_jpeg
from deid.formats.dicom.layout import Layout
from deid.formats.dicom.ljpeg import decode_lossless, encode_lossless
from deid.formats.dicom.native import cleared
from deid.formats.dicom.quiet import quiet
from deid.formats.dicom.streams import clean_stream

if TYPE_CHECKING:
    from deid.types import Stored

JPEG_BASELINE: Final = UID("1.2.840.10008.1.2.4.50")
JPEG_EXTENDED: Final = UID("1.2.840.10008.1.2.4.51")
LOSSY_SYNTAXES: Final = frozenset({JPEG_BASELINE, JPEG_EXTENDED})
JPEG_LOSSLESS: Final = frozenset({UID("1.2.840.10008.1.2.4.57"), UID("1.2.840.10008.1.2.4.70")})
# Frames that were touched come back exactly: the lossless mode of each codec is legal in its lossy syntax too.
_ENCODERS: Final = {
    RLELossless: RLELossless,
    JPEG2000Lossless: JPEG2000Lossless,
    JPEG2000: JPEG2000Lossless,
    JPEGLSLossless: JPEGLSLossless,
    JPEGLSNearLossless: JPEGLSLossless,
}


def check_codec(layout: Layout) -> None:
    """Refuse an encapsulated instance that no installed codec reads.

    Raises
    ------
    FileRefused
        ``object-refused`` for video, ``codec-missing`` otherwise.
    """
    if layout.native or layout.syntax in JPEG_LOSSLESS:
        return
    if ".1.2.4.10" in layout.syntax:
        raise FileRefused("object-refused", "video")
    if layout.syntax in LOSSY_SYNTAXES:
        available = layout.bits_allocated == 8 or is_deep_jpeg(layout)
    else:
        try:
            available = get_decoder(layout.syntax).is_available
        except NotImplementedError:
            available = False
    if not available:
        raise FileRefused("codec-missing", layout.syntax.name if layout.syntax.name[:1].isalpha() else "unknown syntax")


def is_deep_jpeg(layout: Layout) -> bool:
    """Tell whether frames are JPEG Extended with more than 8 bits: read by our own codec, written uncompressed where touched."""
    return layout.syntax == JPEG_EXTENDED and layout.bits_allocated == 16 and layout.samples == 1


def decode(frame: bytes, layout: Layout) -> Stored:
    """Decode one encapsulated frame, (rows, columns, samples), in the colour space of the coded components.

    JPEG 2000 is the exception: its codec undoes its own colour transformation.

    Raises
    ------
    FileRefused
        ``broken`` where the frame cannot be decoded or is not of the size that the header says.
    """
    checked = _checked(frame, layout)
    try:
        array = _decoded(checked, layout)
        array = array.reshape(layout.rows, layout.columns, layout.samples)
    except MemoryError:
        raise FileRefused("memory") from None
    except Exception:
        raise FileRefused("broken", "frame") from None
    wanted = layout.dtype.newbyteorder("=")
    return cleared(array if array.dtype == wanted else array.astype(wanted), layout)


def hides_bits(frame: bytes, layout: Layout) -> bool:
    """Tell whether an encoded frame carries something in bits that no sample uses."""
    if layout.bits_stored == layout.bits_allocated or layout.keyword != "PixelData":
        return False
    _, shape = clean_stream(frame, layout.syntax, layout.rows * layout.columns)
    if shape is not None and shape.precision <= layout.bits_stored:
        return False
    whole = replace(layout, bits_stored=layout.bits_allocated, high_bit=layout.bits_allocated - 1)
    raw = decode(frame, whole)
    return not np.array_equal(cleared(raw.copy(), layout), raw)


def can_encode(layout: Layout) -> bool:
    """Tell whether a touched frame can be written in the instance's own syntax."""
    if layout.syntax in LOSSY_SYNTAXES:
        return layout.bits_allocated == 8
    if layout.syntax in JPEG_LOSSLESS:
        return layout.bits_allocated in (8, 16) and layout.high_bit == layout.bits_stored - 1
    return layout.syntax in _ENCODERS


def encode(frame: Stored, layout: Layout, source: bytes) -> bytes:
    """Encode one frame in the instance's syntax; `source` is the frame as it was, for its tables.

    Raises
    ------
    FileRefused
        ``write-failed`` where a lossless codec does not give back exactly what it was given.
    """
    try:
        encoded = _encoded(frame, layout, source)
        exact = layout.syntax in LOSSY_SYNTAXES or np.array_equal(decode(encoded, layout), frame)
    except Exception:
        raise FileRefused("write-failed", "frame") from None
    if not exact:
        raise FileRefused("write-failed", "frame")
    return encoded


def _checked(frame: bytes, layout: Layout) -> bytes:
    """Compare what the stream says about its size with the header before a codec makes room for it; return the picture alone."""
    if layout.syntax == RLELossless:
        return frame
    clean, shape = clean_stream(frame, layout.syntax, layout.rows * layout.columns)
    if shape is None or (shape.rows, shape.columns, shape.samples) != (layout.rows, layout.columns, layout.samples):
        raise FileRefused("broken", "frame size")
    if shape.precision > layout.bits_allocated:
        raise FileRefused("broken", "frame precision")
    return clean


def _decoded(frame: bytes, layout: Layout) -> Stored:
    if is_deep_jpeg(layout):
        return decode_extended(frame)
    if layout.syntax in LOSSY_SYNTAXES:
        return decode_jpeg(frame)
    if layout.syntax in JPEG_LOSSLESS:
        samples = decode_lossless(frame)
        return samples.view(np.int16) if layout.signed else samples
    with quiet():
        array, _ = get_decoder(layout.syntax).as_array(encapsulate([frame]), index=0, raw=True, **_options(layout))
    return np.asarray(array)


def _encoded(frame: Stored, layout: Layout, source: bytes) -> bytes:
    if layout.syntax in LOSSY_SYNTAXES:
        return encode_jpeg(frame, source)
    if layout.syntax in JPEG_LOSSLESS:
        mask = (1 << layout.bits_stored) - 1
        return encode_lossless((frame.astype(np.int32) & mask).astype(np.uint16), max(2, layout.bits_stored))
    if layout.syntax == RLELossless and layout.bits_allocated > 16:
        return _rle_of_planes(frame, layout)
    options = _options(layout)
    if layout.photometric in ("YBR_ICT", "YBR_RCT"):
        # The lossless transformation; its irreversible sister would change what it is given.
        options["photometric_interpretation"] = "YBR_RCT"
    array = frame[..., 0] if layout.samples == 1 else frame
    with quiet():
        return bytes(get_encoder(_ENCODERS[layout.syntax]).encode(array, **options))


def _rle_of_planes(frame: Stored, layout: Layout) -> bytes:
    """Encode samples of more than 16 bits byte plane by byte plane, most significant first (PS3.5 G.2)."""
    plain = replace(layout, samples=1, bits_allocated=8, bits_stored=8, high_bit=7, signed=False, photometric="MONOCHROME2")
    planes = frame.astype(frame.dtype.newbyteorder(">")).view(np.uint8)
    parts = [_encoded(planes[..., at : at + 1], plain, b"")[64:] for at in range(planes.shape[2])]
    starts = np.cumsum([64, *(len(part) for part in parts[:-1])])
    header = np.zeros(16, "<u4")
    header[0], header[1 : len(parts) + 1] = len(parts), starts
    return header.tobytes() + b"".join(parts)


def _options(layout: Layout) -> dict[str, Any]:
    return {
        "rows": layout.rows,
        "columns": layout.columns,
        "number_of_frames": 1,
        "samples_per_pixel": layout.samples,
        "bits_allocated": layout.bits_allocated,
        "bits_stored": layout.bits_stored,
        "photometric_interpretation": layout.photometric,
        "pixel_representation": int(layout.signed),
        "pixel_keyword": "PixelData",
        "planar_configuration": 0,
    }
