"""From bytes to a dataset, whatever the file lacks: preamble, file meta, transfer syntax, or the end."""

from __future__ import annotations

import hashlib
import zlib
from typing import Any, Final, NamedTuple

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import FileDataset
from pydicom.tag import Tag
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian

from deid.contents import LARGE, Contents, as_file, made_of, parts_of
from deid.errors import FileRefused
from deid.formats.dicom.quiet import quiet
from deid.formats.dicom.walk import element_of
from deid.policy import Policy

PIXEL_KEYWORDS: Final = ("PixelData", "FloatPixelData", "DoubleFloatPixelData")
_PREAMBLE: Final = 128
_PIXELS: Final = (0x7FE00008, 0x7FE00009, 0x7FE00010)
_ITEM, _ITEMS_END = b"\xfe\xff\x00\xe0", b"\xfe\xff\xdd\xe0"
_LAST_GROUP: Final = 0x7FE0
_UNDEFINED: Final = 0xFFFFFFFF
_EXPLICIT_VRS: Final = frozenset(
    b"AE AS AT CS DA DS DT FD FL IS LO LT OB OD OF OL OV OW PN SH SL SQ SS ST SV TM UC UI UL UN UR US UT UV".split()
)


def looks_like_dicom(data: Contents) -> bool:
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


class Stream:
    """Contents to read on in, as pydicom takes them: it would ask an `io.BufferedReader` for the name of a file."""

    def __init__(self, contents: Contents) -> None:
        file = as_file(contents)
        self.read, self.seek, self.tell = file.read, file.seek, file.tell


class Parsed(NamedTuple):
    """A dataset, and the value of its pixels, None where that is none; in the dataset a value that lies on the disk is empty."""

    dataset: FileDataset
    pixels: Contents | None


def parse(data: Contents, policy: Policy) -> Parsed:
    """Read the dataset without decoding pixels; values stay raw until they are asked for.

    Raises
    ------
    FileRefused
        ``broken`` where nothing can be read, ``truncated`` where the end is missing, ``too-large`` where a deflated file
        inflates beyond the policy's limit.
    """
    try:
        with quiet():
            # Only what lies in the file as it is can stay there.
            apart = not isinstance(data, bytes) and not _is_deflated(data)
            dataset = dcmread(Stream(_inflated(data, policy)), force=True, defer_size=LARGE if apart else None)
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
    if any(_cut_off(element, len(data)) for element in dataset.values()):
        raise FileRefused("truncated")
    return Parsed(dataset, _pixels(dataset, data))


def _pixels(dataset: FileDataset, data: Contents) -> Contents | None:
    """Return the value of the pixels; one that was left on the disk stays there, and the dataset gets something in its place."""
    tag = next((tag for tag in map(Tag, PIXEL_KEYWORDS) if tag in dataset), None)
    if tag is None:
        return None
    raw = dataset.get_item(tag, keep_deferred=True)
    if isinstance(raw, RawDataElement) and raw.value is None and raw.length:
        open_ended = raw.length == _UNDEFINED
        end = _end_of_items(data, raw.value_tell) if open_ended else raw.value_tell + raw.length
        if end is not None:
            pixels = made_of(data, [(raw.value_tell, end)])
            # An object without a UID gets one made of its content.
            stand_in = b"" if "SOPInstanceUID" in dataset else _digest(pixels)
            dataset[tag] = raw._replace(value=stand_in, length=_UNDEFINED if open_ended else len(stand_in))
            return pixels
    element = element_of(dataset, tag)
    return element.value if element is not None and isinstance(element.value, bytes) else None


def _digest(contents: Contents) -> bytes:
    digest = hashlib.sha256()
    for part in parts_of(contents):
        digest.update(part)
    return digest.digest()


def _end_of_items(data: Contents, at: int) -> int | None:
    """Find where the items of a value of undefined length end; None where they cannot be followed."""
    while (item := data[at : at + 8])[:4] == _ITEM and len(item) == 8:
        at += 8 + int.from_bytes(item[4:], "little")
    return at if item[:4] == _ITEMS_END else None


def _drop_what_trails(dataset: FileDataset) -> None:
    """Drop what was read from bytes after the dataset: after the pixels no lower tag can follow (PS3.5 7.1)."""
    tags = list(dataset.keys())
    ends = [at for at, tag in enumerate(tags) if tag in _PIXELS]
    if ends:
        for tag in tags[max(ends) + 1 :]:
            if tag < tags[max(ends)] or tag.group > _LAST_GROUP:
                del dataset[tag]


def _cut_off(element: Any, past: int) -> bool:
    """Tell whether the file ended, at `past`, before a value did."""
    length, value = getattr(element, "length", None), element.value
    if value is None and length not in (None, 0, _UNDEFINED):
        return bool(element.value_tell + length > past)
    return length not in (None, _UNDEFINED) and isinstance(value, bytes) and len(value) < length


def _settle_syntax(dataset: FileDataset) -> None:
    """Note the syntax that the dataset was read in where the file meta names none."""
    if dataset.file_meta.get("TransferSyntaxUID"):
        return
    implicit, little = dataset.original_encoding
    native = ImplicitVRLittleEndian if implicit else ExplicitVRLittleEndian if little else ExplicitVRBigEndian
    dataset.file_meta.TransferSyntaxUID = UID(native)


def _is_deflated(data: Contents) -> bool:
    return data[_PREAMBLE : _PREAMBLE + 4] == b"DICM" and DeflatedExplicitVRLittleEndian.encode() in data[:4096]


def _inflated(data: Contents, policy: Policy) -> Contents:
    """Inflate a deflated file within the policy's limit; the syntax in the file meta stays as it is."""
    if not _is_deflated(data):
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


def _meta_end(data: Contents) -> int:
    """Where the file meta ends, from its group length (0002,0000)."""
    first = _PREAMBLE + 4
    if data[first : first + 4] != b"\x02\0\0\0":
        raise FileRefused("broken")
    return first + 12 + int.from_bytes(data[first + 8 : first + 12], "little")
