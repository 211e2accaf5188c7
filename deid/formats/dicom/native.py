"""Native frames: from bytes to samples and back, bit by bit the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deid.formats.dicom.layout import Layout

if TYPE_CHECKING:
    from deid.types import Stored


def unpack(data: bytes, layout: Layout, index: int) -> Stored:
    """Return the samples of a native frame, (rows, columns, samples), in the machine's byte order."""
    rows, columns, samples = layout.rows, layout.columns, layout.samples
    if layout.bits_allocated == 1:
        first = index * layout.frame_bits
        chunk = np.frombuffer(data, np.uint8)[first // 8 : (first + layout.frame_bits + 7) // 8]
        bits = np.unpackbits(chunk, bitorder="little")[first % 8 : first % 8 + layout.frame_bits]
        return bits.reshape(rows, columns, samples)
    size = layout.frame_bits // 8
    flat = np.frombuffer(data, layout.dtype, count=size // layout.dtype.itemsize, offset=index * size)
    flat = flat.astype(layout.dtype.newbyteorder("="))
    if layout.subsampled:
        return _shared_colour(flat, rows, columns)
    if samples > 1 and layout.planar == 1:
        return np.ascontiguousarray(flat.reshape(samples, rows, columns).transpose(1, 2, 0))
    return flat.reshape(rows, columns, samples)


def pack(frames: list[Stored], layout: Layout) -> bytes:
    """Return the bytes of native frames; colours that two pixels shared must have been unshared in the layout before."""
    if layout.bits_allocated == 1:
        return np.packbits(np.concatenate([frame.ravel() for frame in frames]), bitorder="little").tobytes()
    return b"".join(_packed(frame, layout) for frame in frames)


def _packed(frame: Stored, layout: Layout) -> bytes:
    if layout.subsampled:
        pairs = frame.reshape(layout.rows, layout.columns // 2, 2, 3)
        return np.stack([pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]], -1).astype(layout.dtype).tobytes()
    if layout.samples > 1 and layout.planar == 1:
        frame = frame.transpose(2, 0, 1)
    return frame.astype(layout.dtype).tobytes()


def _shared_colour(flat: Stored, rows: int, columns: int) -> Stored:
    """Give each pixel of a pair the colour that both share (PS3.3 C.7.6.3.1.2: Y1 Y2 CB CR)."""
    pairs = flat.reshape(rows, columns // 2, 4)
    out = np.empty((rows, columns // 2, 2, 3), flat.dtype)
    out[..., 0, 0], out[..., 1, 0] = pairs[..., 0], pairs[..., 1]
    out[..., 1], out[..., 2] = pairs[..., 2:3], pairs[..., 3:4]
    return out.reshape(rows, columns, 3)


def cleared(frame: Stored, layout: Layout) -> Stored:
    """Clear the bits that no sample uses: an overlay may hide there (PS3.5 8.1.1). Signed samples keep their sign.

    What is no number has 22 or 51 bits that say nothing: they become those of the usual one.
    """
    if layout.keyword != "PixelData":
        strange = np.isnan(frame)
        return np.where(strange, np.array(np.nan, frame.dtype), frame) if strange.any() else frame
    unused = layout.bits_allocated - layout.bits_stored
    if unused == 0 or layout.bits_allocated == 1:
        return frame
    if layout.high_bit == layout.bits_stored - 1 and layout.signed:
        shifted: Stored = (frame << unused) >> unused
        return shifted
    mask = ((1 << layout.bits_stored) - 1) << (layout.high_bit - layout.bits_stored + 1)
    bits = frame.view(f"u{frame.dtype.itemsize}") & np.array(mask, f"u{frame.dtype.itemsize}")
    return np.asarray(bits.view(frame.dtype))
