"""Private attributes that PS3.15 Table E.3.10-1 calls safe, of these only numbers and codes: kept where the policy asks for it."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from deid.formats.dicom.values import texts, well_formed

_TABLE = Path(__file__).with_name("safe_private.tsv")
# A code or a ratio; no name has this shape and a known value in it is sought besides.
_CODE = re.compile(r"[A-Z0-9_./: ]{0,16}")


def safe_private(element: DataElement, dataset: Dataset) -> bool:
    """Tell whether a private attribute, or the creator of one, is known to be safe and holds what it should."""
    tag = element.tag
    if not tag.is_private:
        return False
    if 0x10 <= tag.element <= 0xFF:
        creator = _text(element)
        block = range(tag.element << 8, (tag.element << 8) + 0x100)
        return any((creator, tag.group, one & 0xFF) in _safe() for one in block if Tag(tag.group, one) in dataset)
    creator_tag = Tag(tag.group, tag.element >> 8)
    if tag.element < 0x1000 or creator_tag not in dataset:
        return False
    vr = _safe().get((_text(dataset[creator_tag]), tag.group, tag.element & 0xFF))
    if vr is None or vr != element.VR:
        return False
    return well_formed(element) and (vr not in ("CS", "SH") or all(_CODE.fullmatch(text) for text in texts(element)))


def _text(element: DataElement) -> str:
    return " ".join(texts(element))


@lru_cache(maxsize=1)
def _safe() -> dict[tuple[str, int, int], str]:
    """Return the VR by (creator, group, last two digits of the element)."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    parted = ((row["creator"], *row["element"].split(","), row["vr"]) for row in rows)
    return {(creator, int(group, 16), int(last, 16)): vr for creator, group, last, vr in parted}
