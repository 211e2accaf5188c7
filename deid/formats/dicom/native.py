"""Native frames: from bytes to samples and back, bit by bit the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from deid.contents import Contents
from deid.formats.dicom.layout import Layout

if TYPE_CHECKING:
    from deid.types import Stored


def unpack(data: Contents, layout: Layout, index: int) -> Stored:
    """Return the samples of a native frame, (rows, columns, samples), in the machine's byte order."""
    rows, columns, samples = layout.rows, layout.columns, layout.samples
    if layout.bits_allocated == 1:
        first = index * layout.frame_bits
        chunk = np.frombuffer(data[first // 8 : (first + layout.frame_bits + 7) // 8], np.uint8)
        bits = np.unpackbits(chunk, bitorder="little")[first % 8 : first % 8 + layout.frame_bits]
        return bits.reshape(rows, columns, samples)
    size = layout.frame_bits // 8
    own = layout.dtype.newbyteorder("=")
    if samples > 1 and layout.planar == 1 and not layout.subsampled:
        frame = np.empty((rows, columns, samples), own)
        for sample in range(samples):
            start = index * size + sample * size // samples
            frame[:, :, sample] = _flat(data, start, size // samples, layout).reshape(rows, columns)
        return frame
    flat = _flat(data, index * size, size, layout).astype(own, copy=False)
    return _shared_colour(flat, rows, columns) if layout.subsampled else flat.reshape(rows, columns, samples)


def _flat(data: Contents, start: int, size: int, layout: Layout) -> Stored:
    """Read samples into an array of their own."""
    flat = np.empty(size // layout.dtype.itemsize, layout.dtype)
    if isinstance(data, bytes):
        flat[:] = np.frombuffer(data, layout.dtype, count=len(flat), offset=start)
    else:
        data.read_into(flat.view(np.uint8).data, start)
    return flat


def pack(frames: list[Stored], layout: Layout) -> bytes:
    """Return the bytes of native frames; colours that two pixels shared must have been unshared in the layout before."""
    if layout.bits_allocated == 1:
        return np.packbits(np.concatenate([frame.ravel() for frame in frames]), bitorder="little").tobytes()
    return b"".join(packed(frame, layout) for frame in frames)


def packed(frame: Stored, layout: Layout) -> memoryview:
    """Return the bytes of one native frame of 8 bits a sample or more."""
    if layout.subsampled:
        pairs = frame.reshape(layout.rows, layout.columns // 2, 2, 3)
        frame = np.stack([pairs[..., 0, 0], pairs[..., 1, 0], pairs[..., 0, 1], pairs[..., 0, 2]], -1)
    elif layout.samples > 1 and layout.planar == 1:
        frame = frame.transpose(2, 0, 1)
    flat: Stored = np.ascontiguousarray(frame.astype(layout.dtype, copy=False)).reshape(-1)
    return flat.view(np.uint8).data


def _shared_colour(flat: Stored, rows: int, columns: int) -> Stored:
    """Give each pixel of a pair the colour that both share (PS3.3 C.7.6.3.1.2: Y1 Y2 CB CR)."""
    pairs = flat.reshape(rows, columns // 2, 4)
    out = np.empty((rows, columns // 2, 2, 3), flat.dtype)
    out[..., 0, 0], out[..., 1, 0] = pairs[..., 0], pairs[..., 1]
    out[..., 1], out[..., 2] = pairs[..., 2:3], pairs[..., 3:4]
    return out.reshape(rows, columns, 3)


def cleared(frame: Stored, layout: Layout) -> Stored:
    """Clear the bits that no sample uses, in place: an overlay may hide there (PS3.5 8.1.1). Signed samples keep their sign.

    What is no number has 22 or 51 bits that say nothing: they become those of the usual one.
    """
    unused = layout.bits_allocated - layout.bits_stored
    numbers = layout.keyword == "PixelData"
    if numbers and (unused == 0 or layout.bits_allocated == 1):
        return frame
    if not frame.flags.writeable:
        frame = frame.copy()
    if not numbers:
        frame[np.isnan(frame)] = np.nan
        return frame
    if layout.high_bit == layout.bits_stored - 1 and layout.signed:
        np.left_shift(frame, unused, out=frame)
        return np.right_shift(frame, unused, out=frame)
    mask = ((1 << layout.bits_stored) - 1) << (layout.high_bit - layout.bits_stored + 1)
    bits = frame.view(f"u{frame.dtype.itemsize}")
    np.bitwise_and(bits, np.array(mask, bits.dtype), out=bits)
    return frame
