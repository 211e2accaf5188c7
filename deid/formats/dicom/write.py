"""Write the clean file: scrubbed header, statement, frames, file meta made anew."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from io import BufferedReader, BytesIO
from typing import TYPE_CHECKING, Any, BinaryIO

import numpy as np
from pydicom import dcmwrite
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.encaps import encapsulate_buffer, encapsulate_extended_buffer
from pydicom.uid import ExplicitVRLittleEndian

from deid.contents import LARGE
from deid.errors import FileRefused
from deid.formats.dicom.codecs import can_encode, encode, hides_bits
from deid.formats.dicom.frames import DicomFrames, swapped_words
from deid.formats.dicom.layout import Layout
from deid.formats.dicom.native import pack, packed
from deid.formats.dicom.parts import Parts
from deid.formats.dicom.quiet import quiet
from deid.formats.dicom.scrub import Scrub
from deid.formats.dicom.statement import file_meta
from deid.formats.dicom.streams import clean_stream
from deid.formats.dicom.values import texts

if TYPE_CHECKING:
    from deid.types import Frames

# PS3.5 7.1: the length of a basic offset table's entries is 32 bits.
_OFFSET_LIMIT = 2**32 - 1
# What the standard calls JPEG's lossy processes (PS3.3 C.7.6.1.1.5.1).
_JPEG_METHOD = "ISO_10918_1"


def put_pixels(clean: Dataset, source: Dataset, own: DicomFrames, frames: Frames, scrub: Scrub) -> Layout:
    """Add the pixels to a clean dataset; return the layout in which they now lie."""
    layout = own.layout
    touched = [_touched(frames, own, index) or _hides(own, index) for index in range(layout.count)]
    if not layout.native and any(touched) and not can_encode(layout):
        scrub.note("", 0x00020010, "C")
        layout = _uncompressed(clean, layout)
    elif layout.subsampled and any(touched):
        scrub.note("", 0x00280004, "C")
        layout = replace(layout, photometric="YBR_FULL")
        clean.PhotometricInterpretation = "YBR_FULL"
    if layout.native:
        _put_native(clean, source, layout, _packed(frames, layout))
    else:
        encoded = [_encoded(frames, own, layout, index, touched[index]) for index in range(layout.count)]
        _put_encoded(clean, encoded, "ExtendedOffsetTable" in source)
        if own.lossy and any(touched):
            _tell_losses(clean, own, encoded)
    return layout


def write_dataset(clean: Dataset, layout_syntax: Any, file: BinaryIO) -> None:
    """Write a dataset as a DICOM file: preamble of zeros, file meta made anew, nothing after the last attribute."""
    whole = FileDataset(None, clean, preamble=b"\0" * 128, file_meta=file_meta(clean, layout_syntax))
    try:
        with quiet():
            dcmwrite(file, whole, enforce_file_format=True)
    except OSError:
        raise
    except Exception:
        # What pydicom says here may quote a value.
        raise FileRefused("write-failed", "attributes") from None


def _touched(frames: Frames, own: DicomFrames, index: int) -> bool:
    if frames is own:
        return False
    asked = getattr(frames, "touched", None)
    return bool(asked(index)) if asked else not np.array_equal(frames.stored(index), own.stored(index))


def _hides(own: DicomFrames, index: int) -> bool:
    return not own.layout.native and hides_bits(own.source(index), own.layout)


def _encoded(frames: Frames, own: DicomFrames, layout: Layout, index: int, touched: bool) -> bytes:
    """Return a frame's bytes: coded anew where it was touched, else as they were, without comments and hidden bytes."""
    source = own.source(index)
    made = encode(frames.stored(index), layout, source) if touched else source
    return clean_stream(made, layout.syntax, layout.rows * layout.columns)[0]


def _tell_losses(clean: Dataset, own: DicomFrames, encoded: Sequence[bytes]) -> None:
    """Append this compression to those that the header tells of (PS3.3 C.7.6.1.1.5); the source's own is one of them."""
    layout = own.layout
    raw = layout.count * layout.frame_bits / 8
    ratios = _values(clean, "LossyImageCompressionRatio") or [_ratio(raw, [own.source(index) for index in range(layout.count)])]
    methods = _values(clean, "LossyImageCompressionMethod") or [_JPEG_METHOD] * len(ratios)
    clean.LossyImageCompression = "01"
    clean.LossyImageCompressionRatio = [*ratios, _ratio(raw, encoded)]
    clean.LossyImageCompressionMethod = [*methods, _JPEG_METHOD]


def _values(dataset: Dataset, name: str) -> list[str]:
    return texts(dataset[name]) if name in dataset else []


def _ratio(raw: float, frames: Sequence[bytes]) -> str:
    return f"{raw / sum(map(len, frames)):.2f}"


def _uncompressed(clean: Dataset, layout: Layout) -> Layout:
    """Fall back to Explicit VR Little Endian, which loses nothing, where no codec writes the syntax."""
    photometric = {"YBR_ICT": "RGB", "YBR_RCT": "RGB", "YBR_FULL_422": "YBR_FULL"}.get(layout.photometric, layout.photometric)
    clean.PhotometricInterpretation = photometric
    if layout.samples > 1:
        clean.PlanarConfiguration = 0
    return replace(layout, syntax=ExplicitVRLittleEndian, photometric=photometric, planar=0)


def _packed(frames: Frames, layout: Layout) -> bytes | BufferedReader:
    """Return the bytes of native frames; those of a long run or a vast frame are made when they are written."""
    if layout.bits_allocated == 1 or layout.frame_bits // 8 * layout.count < LARGE:
        return pack([frames.stored(index) for index in range(layout.count)], layout)
    lengths = [layout.frame_bits // 8] * layout.count
    return BufferedReader(Parts(lengths, lambda index: packed(frames.stored(index), layout)))


def _put_native(clean: Dataset, source: Dataset, layout: Layout, data: bytes | BufferedReader) -> None:
    if layout.syntax == source.file_meta.TransferSyntaxUID and swapped_words(source, layout):
        data = data if isinstance(data, bytes) else data.read()
        data = np.frombuffer(data + b"\0" * (len(data) % 2), "<u2").astype(">u2").tobytes()
    elif isinstance(data, bytes):
        data += b"\0" * (len(data) % 2)
    vr = {"FloatPixelData": "OF", "DoubleFloatPixelData": "OD"}.get(layout.keyword) or _pixel_vr(source, layout)
    clean.add(DataElement({"OF": 0x7FE00008, "OD": 0x7FE00009}.get(vr, 0x7FE00010), vr, data))


def _pixel_vr(source: Dataset, layout: Layout) -> str:
    kept = source["PixelData"].VR
    if layout.bits_allocated > 8 or source.file_meta.TransferSyntaxUID == "1.2.840.10008.1.2":
        return "OW"
    return kept if kept in ("OB", "OW") else "OB"


def _put_encoded(clean: Dataset, frames: Sequence[bytes], extended: bool) -> None:
    """Encapsulate frames with offsets that fit: the extended table where the source had one or the basic one is too small."""
    files = [BytesIO(frame) for frame in frames]
    if extended or sum(len(frame) + 9 for frame in frames) > _OFFSET_LIMIT:
        data, offsets, lengths = encapsulate_extended_buffer(files)
        clean.add(DataElement(0x7FE00001, "OV", offsets))
        clean.add(DataElement(0x7FE00002, "OV", lengths))
    else:
        data = encapsulate_buffer(files)
    clean.add(DataElement(0x7FE00010, "OB", data))
    clean["PixelData"].is_undefined_length = True
