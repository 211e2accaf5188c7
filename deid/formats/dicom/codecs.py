"""Encapsulated frames, one at a time: which installed codec reads and writes them."""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.pixels import get_decoder, get_encoder
from pydicom.uid import JPEG2000, UID, JPEG2000Lossless, JPEGLSLossless, JPEGLSNearLossless, RLELossless

from deid.errors import FileRefused
from deid.formats.dicom.layout import Layout
from deid.formats.dicom.native import cleared
from deid.formats.dicom.quiet import quiet

if TYPE_CHECKING:
    from deid.types import Stored

JPEG_BASELINE: Final = UID("1.2.840.10008.1.2.4.50")
JPEG_EXTENDED: Final = UID("1.2.840.10008.1.2.4.51")
LOSSY_SYNTAXES: Final = frozenset({JPEG_BASELINE, JPEG_EXTENDED})
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
    if layout.native:
        return
    if ".1.2.4.10" in layout.syntax:
        raise FileRefused("object-refused", "video")
    try:
        available = get_decoder(layout.syntax).is_available
    except NotImplementedError:
        available = False
    if not available or (layout.syntax == JPEG_EXTENDED and layout.bits_stored > 8):
        raise FileRefused("codec-missing", layout.syntax.name)


def decode(frame: bytes, layout: Layout) -> Stored:
    """Decode one encapsulated frame, (rows, columns, samples), in the colour space that the codec leaves."""
    try:
        with quiet():
            array, _ = get_decoder(layout.syntax).as_array(encapsulate([frame]), index=0, raw=True, **_options(layout))
    except Exception:
        raise FileRefused("broken", "frame") from None
    array = array.reshape(layout.rows, layout.columns, layout.samples)
    wanted = layout.dtype.newbyteorder("=")
    return cleared(array if array.dtype == wanted else array.astype(wanted), layout)


def can_encode(layout: Layout) -> bool:
    """Tell whether a touched frame can be written in the instance's own syntax."""
    if layout.syntax in LOSSY_SYNTAXES:
        return layout.bits_stored == 8
    return layout.syntax in _ENCODERS


def encode(frame: Stored, layout: Layout, source: bytes) -> bytes:
    """Encode one frame in the instance's syntax; `source` is the frame as it was, for its tables."""
    if layout.syntax in LOSSY_SYNTAXES:
        return _jpeg(frame, source)
    options = _options(layout)
    if layout.photometric in ("YBR_ICT", "YBR_RCT"):
        options["photometric_interpretation"] = "YBR_RCT"
    array = frame[..., 0] if layout.samples == 1 else frame
    try:
        with quiet():
            encoded: bytes = get_encoder(_ENCODERS[layout.syntax]).encode(array, **options)
    except Exception:
        raise FileRefused("write-failed", "frame") from None
    if not np.array_equal(decode(encoded, layout), frame):
        raise FileRefused("write-failed", "frame")
    return encoded


def _jpeg(frame: Stored, source: bytes) -> bytes:
    """Write a JPEG frame with the quantisation tables, sampling and colour planes of its source."""
    from PIL import Image, JpegImagePlugin

    with Image.open(BytesIO(source), formats=("JPEG",)) as old:
        assert isinstance(old, JpegImagePlugin.JpegImageFile)
        tables, sampling = old.quantization, JpegImagePlugin.get_sampling(old)
        plain = "adobe_transform" in old.info and old.info["adobe_transform"] == 0
    mode = "L" if frame.shape[2] == 1 else "RGB" if plain else "YCbCr"
    out = BytesIO()
    options: dict[str, Any] = {"qtables": tables} | ({} if mode == "L" else {"subsampling": max(0, sampling)})
    if mode == "RGB":
        options["keep_rgb"] = True
    image = Image.fromarray(frame[..., 0] if mode == "L" else frame, mode=None if mode == "L" else mode)
    image.save(out, "JPEG", **options)
    return out.getvalue()


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
