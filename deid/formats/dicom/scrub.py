"""Build a clean dataset from an old one, attribute by attribute: what no rule lets through does not come along."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import lru_cache

from pydicom.datadict import dictionary_has_tag, dictionary_VM, dictionary_VR
from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset, FileDataset
from pydicom.tag import BaseTag
from pydicom.uid import SecondaryCaptureImageStorage, UID_dictionary

from deid.formats.dicom.header_text import vouched
from deid.formats.dicom.overlays import is_overlay
from deid.formats.dicom.paths import item_path, keyword, value_path
from deid.formats.dicom.rules import BINARIES, DATES, KEPT_BINARIES, NUMBERS, TEXTS, Rules, profile
from deid.formats.dicom.safe_private import safe_private
from deid.formats.dicom.sweep import Sweep, without
from deid.formats.dicom.tails import packed, spells, without_tail
from deid.formats.dicom.values import capped_age, dummy, shifted, texts, well_formed
from deid.formats.dicom.walk import element_of, tags_of, text_of, told_vr, walk
from deid.keys import Key
from deid.types import HeaderChange, HeaderCut

# The pixels travel apart, frame by frame.
PIXELS = frozenset({0x7FE00001, 0x7FE00002, 0x7FE00008, 0x7FE00009, 0x7FE00010})
_CHARSET = 0x00080005
_CODE_SCHEME = 0x00080102
# Value, scheme and meaning of a code are demanded wherever a code stands.
_CODES = frozenset({0x00080100, _CODE_SCHEME, 0x00080104})
# Attributes whose UIDs name a kind of object or a vocabulary, and the roots under which makers define such kinds.
_CLASS_KEYWORDS = frozenset({"SOPClassUID", "ReferencedSOPClassUID", "OriginalSpecializedSOPClassUID", "CodingSchemeUID"})
_MAKERS_CLASS = re.compile(
    r"(1\.3\.12\.2\.1107\.5\.9|1\.3\.46\.670589|1\.2\.840\.113619\.4|1\.2\.124\.113532\.3500|1\.2\.392\.200036\.9116|"
    r"2\.16\.840\.1\.113883)(\.\d{1,5}){1,6}"
)
_CONTEXT_GROUP = re.compile(r"1\.2\.840\.10008\.6\.1\.\d{1,4}")


@dataclass(frozen=True, slots=True)
class Scrub:
    """All that the cleaning of one header needs; `changes` counts what was done."""

    rules: Rules
    key: Key
    patient: str
    cuts: dict[str, list[tuple[int, int]]]
    sweep: Sweep
    changes: Counter[tuple[str, str]] = field(default_factory=Counter)

    @property
    def days(self) -> int:
        """By how many days the patient's dates go back."""
        return self.key.days(self.patient)

    @property
    def code(self) -> str:
        """The patient's pseudonym."""
        return self.key.code("patient", self.patient.encode()).upper()

    def note(self, path: str, tag: int, action: str) -> None:
        """Count one change; items of one sequence count together."""
        place = re.sub(r"\[\d+\]", "[]", path) if path else ""
        self.changes[(place + keyword(tag), action)] += 1

    def report(self) -> tuple[HeaderChange, ...]:
        """Return what was done, sorted by path."""
        return tuple(HeaderChange(path, action, count) for (path, action), count in sorted(self.changes.items()))


def spans_by_path(cuts: Iterable[HeaderCut]) -> dict[str, list[tuple[int, int]]]:
    """Gather the spans of a plan by the path of their text."""
    spans: dict[str, list[tuple[int, int]]] = {}
    for cut in cuts:
        spans.setdefault(cut.path, []).append((cut.start, cut.end))
    return spans


def scrubbed(dataset: Dataset, scrub: Scrub, path: str = "") -> Dataset:
    """Return a clean copy of a dataset, without its pixels."""
    clean = Dataset()
    for tag in tags_of(dataset):
        if int(tag) in PIXELS or int(tag) == _CHARSET:
            continue
        made = _made(tag, dataset, scrub, path)
        if made is None:
            scrub.note(path, tag, "X")
        else:
            clean.add(made)
    return clean


def name_instance(clean: Dataset, source: FileDataset, scrub: Scrub) -> None:
    """Give an instance without class or UID those of its file meta, else Secondary Capture and a UID made from its content."""
    if not text_of(clean, "SOPClassUID"):
        told = text_of(source.file_meta, "MediaStorageSOPClassUID")
        clean.SOPClassUID = told if public_uid(told) else SecondaryCaptureImageStorage
    if not text_of(clean, "SOPInstanceUID"):
        told = text_of(source.file_meta, "MediaStorageSOPInstanceUID")
        content = hashlib.sha256()
        for _, _, element in walk(source):
            content.update(f"{element.tag}{element.value!r}".encode())
        clean.SOPInstanceUID = scrub.key.uid(told or f"content:{content.hexdigest()}")


def _made(tag: BaseTag, dataset: Dataset, scrub: Scrub, path: str) -> DataElement | None:
    """Return what takes the place of an attribute, None where nothing does; a value that goes is not even read."""
    vr = told_vr(dataset, tag)
    maybe_safe = tag.is_private and scrub.rules.policy.retain_safe_private
    if vr and not maybe_safe and (action := scrub.rules.action(tag, vr)) in "XZD":
        return _instead(tag, vr, action, scrub, path)
    element = element_of(dataset, tag)
    if element is None:
        return None
    if maybe_safe and safe_private(element, dataset):
        return None if any(scrub.sweep.finds(text) for text in texts(element)) else element
    vr, action = element.VR, scrub.rules.action(tag, element.VR)
    if action in "XZD":
        return _instead(tag, vr, action, scrub, path)
    if vr == "SQ":
        items = [scrubbed(item, scrub, item_path(path, tag, index)) for index, item in enumerate(element.value or ())]
        return DataElement(tag, "SQ", items)
    element = without_tail(element, dataset)
    if action == "U":
        # Whatever stands there: a reference to it finds the same new UID.
        scrub.note(path, tag, "U")
        return DataElement(tag, "UI", [_mapped(tag, text, scrub.key) for text in texts(element)] or None)
    if not well_formed(element):
        return None
    if action == "C":
        return _cleaned(element, dataset, scrub, path)
    return _kept(element, scrub)


def _instead(tag: BaseTag, vr: str, action: str, scrub: Scrub, path: str) -> DataElement | None:
    """Return what stands where a value goes: nothing (X), an empty attribute (Z), a dummy (D); the pseudonym for the patient."""
    if action == "X":
        return None
    scrub.note(path, tag, action)
    wanted = _wanted_vr(tag, vr)
    identity = _identity(tag, wanted, scrub)
    if identity is not None:
        return identity
    return _dummy(tag, wanted) if action == "D" else DataElement(tag, wanted, [] if wanted == "SQ" else None)


def _kept(element: DataElement, scrub: Scrub) -> DataElement | None:
    """Keep an attribute; a number that repeats a known value does not stay, nor an age over 89."""
    if element.VR == "AS":
        return DataElement(element.tag, "AS", [capped_age(text) for text in texts(element)] or None)
    if element.VR in NUMBERS:
        if _too_many(element):
            return None
        return None if _repeats_known(element, scrub.sweep) else element
    if element.VR in TEXTS and any(scrub.sweep.finds(text) for text in texts(element)):
        return None
    return _kept_bytes(element, scrub.sweep) if element.VR in BINARIES else element


def _kept_bytes(element: DataElement, sweep: Sweep) -> DataElement | None:
    """Keep the binary values that an image needs, whatever an option says of others: nobody can judge them."""
    if int(element.tag) not in KEPT_BINARIES and not is_overlay(element.tag):
        return None
    data = element.value if isinstance(element.value, bytes) else b""
    return None if sweep.finds_in_bytes(data) or spells(data) else element


def _repeats_known(element: DataElement, sweep: Sweep) -> bool:
    """Tell whether a number is a known id or day, or the bytes of numbers spell a known value or are a text altogether."""
    whole = element.VR not in ("FL", "FD", "AT") and any(
        len(text) >= _LONG_NUMBER and sweep.finds(text) for text in texts(element)[:_FEW_NUMBERS]
    )
    data = packed(element)
    return whole or sweep.finds_in_bytes(data) or spells(data)


def _too_many(element: DataElement) -> bool:
    """Tell whether an attribute of one number (or two, or three) holds more: bytes of something else."""
    allowed: str = dictionary_VM(element.tag)
    return allowed.isdecimal() and int(allowed) < element.VM


# Known ids and days are numbers too; a shorter number is a measure.
_LONG_NUMBER = 6
# Ids stand alone or among few; long lists of numbers are measured.
_FEW_NUMBERS = 16


def _cleaned(element: DataElement, dataset: Dataset, scrub: Scrub, path: str) -> DataElement | None:
    tag, vr, values = element.tag, element.VR, texts(element)
    if vr in DATES:
        # All days of a patient move together; a time of day stays what it was.
        scrub.note(path, tag, "C")
        moved = values if vr == "TM" else [_moved(text, scrub) for text in values]
        return DataElement(tag, vr, moved or None) if any(moved) or not values else _emptied(tag, vr, scrub, path)
    if vr not in TEXTS:
        return _kept(element, scrub)
    kept = [_cut(text, element, dataset, scrub, value_path(path, tag, index, len(values))) for index, text in enumerate(values)]
    if kept != values:
        scrub.note(path, tag, "C")
    if any(values) and not any(kept):
        return _emptied(tag, vr, scrub, path)
    return DataElement(tag, vr, kept or None)


def _moved(text: str, scrub: Scrub) -> str:
    """Move a day back; one that falls on another known day of the case is left out: nobody could tell it from a leak."""
    moved = shifted(text, scrub.days)
    return "" if scrub.sweep.finds(moved[:8]) else moved


def _emptied(tag: BaseTag, vr: str, scrub: Scrub, path: str) -> DataElement | None:
    """Return what stands for a text of which nothing is left: a dummy where a value may be demanded, else nothing.

    Items of sequences demand the names that tell them apart.
    """
    row = profile().get(tag)
    named = bool(path) and vr in ("LO", "SH")
    if scrub.rules.strict or named or tag in _CODES or (row is not None and "D" in row.basic):
        return DataElement(tag, vr, "99DEID" if tag == _CODE_SCHEME else dummy(vr))
    return None if row is not None and row.basic == "X" else DataElement(tag, vr, None)


def _cut(text: str, element: DataElement, dataset: Dataset, scrub: Scrub, path: str) -> str:
    spans = [*scrub.cuts.get(path, ())]
    if not vouched(element, text, dataset):
        spans += scrub.sweep.spans(text)
    return without(text, spans) if spans else text


def _wanted_vr(tag: BaseTag, vr: str) -> str:
    """Return the dictionary's VR: what the file calls it may not hold what takes its place."""
    return dictionary_VR(tag).split(" or ")[0] if dictionary_has_tag(tag) else vr


def _identity(tag: BaseTag, vr: str, scrub: Scrub) -> DataElement | None:
    """Give the patient the pseudonym: an empty id or name would merge patients in an archive."""
    return DataElement(tag, vr, scrub.code) if keyword(tag) in ("PatientID", "PatientName") else None


def _dummy(tag: BaseTag, vr: str) -> DataElement:
    if vr != "SQ":
        return DataElement(tag, vr, dummy(vr))
    code = Dataset()
    code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = "REMOVED", "99DEID", "Removed"
    return DataElement(tag, "SQ", [code])


def _mapped(tag: BaseTag, text: str, key: Key) -> str:
    """Return the UID that takes the place of `text`; those of the standard stay, and the classes of known makers."""
    if not text or public_uid(text) or (keyword(tag) in _CLASS_KEYWORDS and _MAKERS_CLASS.fullmatch(text)):
        return text
    return key.uid(text)


@lru_cache(maxsize=4096)
def public_uid(text: str) -> bool:
    """Tell whether a UID is one of the standard's own: a class, a syntax, a context group."""
    return text in UID_dictionary or _CONTEXT_GROUP.fullmatch(text) is not None
