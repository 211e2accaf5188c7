"""From bytes to a dataset, whatever the file lacks: preamble, file meta, transfer syntax, or the end."""

from __future__ import annotations

import zlib
from io import BytesIO
from typing import Any, Final

from pydicom import dcmread
from pydicom.dataset import FileDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deid.errors import FileRefused
from deid.formats.dicom.quiet import quiet
from deid.policy import Policy

_PREAMBLE: Final = 128
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_LAST_GROUP: Final = 0x7FE0
_UNDEFINED: Final = 0xFFFFFFFF
_EXPLICIT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)


def looks_like_dicom(data: bytes) -> bool:
    """Tell from the first bytes: a preamble, or an element of group 0002 or 0008 whose VR or length can be true."""
    if data[_PREAMBLE : _PREAMBLE + 4] == b"DICM":
        return True
    if len(data) < 16:
        return False
    little, big = int.from_bytes(data[:2], "little"), int.from_bytes(data[:2], "big")
    if little not in (2, 8) and big != 8:
        return False
    if data[4:6] in _EXPLICIT_VRS:
        return True
    return little in (2, 8) and int.from_bytes(data[4:8], "little") <= min(len(data), 1 << 16)


def parse(data: bytes, policy: Policy) -> FileDataset:
    """Read the dataset without decoding pixels; values stay raw until they are asked for.

    Raises
    ------
    FileRefused
        ``broken`` where nothing can be read, ``truncated`` where the end is missing, ``too-large`` where a deflated file
        inflates beyond the policy's limit.
    """
    try:
        with quiet():
            dataset = dcmread(BytesIO(_inflated(data, policy)), force=True)
            _settle_syntax(dataset)
            dataset.file_meta.get("TransferSyntaxUID")
    except FileRefused:
        raise
    except MemoryError:
        raise FileRefused("memory") from None
    except EOFError:
        raise FileRefused("truncated") from None
    except Exception:
        raise FileRefused("broken") from None
    if not len(dataset):
        raise FileRefused("broken")
    _drop_what_trails(dataset)
    if any(_cut_off(element) for element in dataset.values()):
        raise FileRefused("truncated")
    return dataset


def _drop_what_trails(dataset: FileDataset) -> None:
    """Drop what was read from bytes after the dataset: after the pixels no lower tag can follow (PS3.5 7.1)."""
    tags = list(dataset.keys())
    ends = [at for at, tag in enumerate(tags) if tag in _PIXELS]
    if ends:
        for tag in tags[max(ends) + 1 :]:
            if tag < tags[max(ends)] or tag.group > _LAST_GROUP:
                del dataset[tag]


def _cut_off(element: Any) -> bool:
    """Tell whether the file ended before a value did."""
    length, value = getattr(element, "length", None), element.value
    return length not in (None, _UNDEFINED) and isinstance(value, bytes) and len(value) < length


def _settle_syntax(dataset: FileDataset) -> None:
    """Note the syntax that the dataset was read in where the file meta names none."""
    if dataset.file_meta.get("TransferSyntaxUID"):
        return
    implicit, little = dataset.original_encoding
    native = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = UID(native)


def _inflated(data: bytes, policy: Policy) -> bytes:
    """Inflate a deflated file within the policy's limit; the syntax in the file meta stays as it is."""
    if data[_PREAMBLE : _PREAMBLE + 4] != b"DICM" or DeflatedExplicitVRLittleEndian.encode() not in data[:4096]:
        return data
    start = _meta_end(data)
    limit = policy.max_file_mb * 2**20
    engine = zlib.decompressobj(-zlib.MAX_WBITS)
    try:
        engine.decompress(data[start:], limit)
    except zlib.error:
        raise FileRefused("broken") from None
    if engine.unconsumed_tail:
        raise FileRefused("too-large")
    return data


def _meta_end(data: bytes) -> int:
    """Where the file meta ends, from its group length (0002,0000)."""
    first = _PREAMBLE + 4
    if data[first : first + 4] != b"\x02\0\0\0":
        raise FileRefused("broken")
    return first + 12 + int.from_bytes(data[first + 8 : first + 12], "little")
