"""Private attributes that PS3.15 Table E.3.10-1 calls safe, of these only numbers and codes: kept where the policy asks for it."""

from __future__ import annotations

import csv
import re
from functools import lru_cache
from pathlib import Path

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset
from pydicom.tag import Tag

from deid.formats.dicom.header_text import code_strings
from deid.formats.dicom.values import texts, well_formed

_TABLE = Path(__file__).with_name("safe_private.tsv")
# A ratio, or one letter; a code of more letters must be one of the standard's.
_RATIO = re.compile(r"[0-9./: ]{0,16}|[A-Z]")


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
    if vr not in ("CS", "SH"):
        return well_formed(element)
    return all(_RATIO.fullmatch(text) or text in code_strings() for text in texts(element))


def _text(element: DataElement) -> str:
    return " ".join(texts(element))


@lru_cache(maxsize=1)
def _safe() -> dict[tuple[str, int, int], str]:
    """Return the VR by (creator, group, last two digits of the element)."""
    with _TABLE.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file, delimiter="\t"))
    parted = ((row["creator"], *row["element"].split(","), row["vr"]) for row in rows)
    return {(creator, int(group, 16), int(last, 16)): vr for creator, group, last, vr in parted}
