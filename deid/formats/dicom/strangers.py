"""Walk a written file and name every part that no clean file has."""

from __future__ import annotations

from typing import Final

from pydicom import dcmread
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset

from deid.contents import LARGE, Contents
from deid.formats.dicom.overlays import is_overlay
from deid.formats.dicom.parse import Stream
from deid.formats.dicom.paths import keyword
from deid.formats.dicom.quiet import quiet
from deid.formats.dicom.rules import BINARIES, KEPT_BINARIES
from deid.formats.dicom.safe_private import safe_private
from deid.formats.dicom.scrub import PIXELS
from deid.formats.dicom.statement import IMPLEMENTATION_CLASS, IMPLEMENTATION_VERSION
from deid.formats.dicom.values import dummy
from deid.formats.dicom.walk import walk

_META: Final = frozenset({0x00020000 + element for element in (0x00, 0x01, 0x02, 0x03, 0x10, 0x12, 0x13)})
_STATED: Final = ("PatientIdentityRemoved", "DeidentificationMethod", "DeidentificationMethodCodeSequence")


def strangers(data: Contents) -> tuple[str, ...]:
    """Name what does not belong: in the preamble, the file meta, the dataset, or after it. Never a value."""
    if data[:128] != b"\0" * 128 or data[128:132] != b"DICM":
        return ("preamble",)
    try:
        with quiet():
            stream = Stream(data)
            dataset = dcmread(stream, defer_size=None if isinstance(data, bytes) else LARGE)
            _leave_pixels(dataset)
            left = len(data) - stream.tell()
            found = dict.fromkeys([*_strange_meta(dataset.file_meta), *_strange_elements(dataset)])
    except Exception:
        return ("unreadable",)
    if left:
        found["trailing bytes"] = None
    for name in _STATED:
        if name not in dataset:
            found[f"no {name}"] = None
    return tuple(found)


def _leave_pixels(dataset: Dataset) -> None:
    """Take the value out of pixels that lie on the disk: nobody asks for it here, and it would be read."""
    for tag in PIXELS:
        raw = dataset.get_item(tag, keep_deferred=True) if tag in dataset else None
        if isinstance(raw, RawDataElement) and raw.value is None:
            dataset[tag] = raw._replace(value=b"", length=0)


def _strange_meta(meta: Dataset) -> list[str]:
    found = [keyword(element.tag) for element in meta if element.tag not in _META]
    if meta.get("ImplementationClassUID") != IMPLEMENTATION_CLASS:
        found.append("ImplementationClassUID")
    if meta.get("ImplementationVersionName") != IMPLEMENTATION_VERSION:
        found.append("ImplementationVersionName")
    return found


def _strange_elements(dataset: Dataset) -> list[str]:
    found = []
    for path, holder, element in walk(dataset):
        tag = element.tag
        says = element.VR in BINARIES and element.value != dummy(element.VR)
        binary = says and tag not in KEPT_BINARIES and tag not in PIXELS
        binary &= not (is_overlay(tag) and tag.element == 0x3000)
        private = tag.is_private and not safe_private(element, holder)
        odd = private or tag.element == 0 or tag.group < 0x0008 or tag.group >> 8 == 0x50 or (says and element.VR == "UN")
        if odd or binary:
            found.append(f"{path}{keyword(tag)}")
    return found
