"""Which DICOM objects can be cleaned: all with pixels, and those without whose content the profile explains."""

from __future__ import annotations

import csv
from functools import lru_cache
from pathlib import Path

from pydicom.dataset import Dataset

from deid.errors import FileRefused
from deid.formats.dicom.parse import PIXEL_KEYWORDS
from deid.formats.dicom.walk import text_of
from deid.policy import Policy

_TABLE = Path(__file__).with_name("objects.tsv")


def has_pixels(dataset: Dataset) -> bool:
    """Tell whether an object holds pixels.

    Raises
    ------
    FileRefused
        ``pixels-missing`` where the header speaks of pixels that are not there.
    """
    if any(word in dataset for word in PIXEL_KEYWORDS):
        return True
    if "Rows" in dataset and "BitsAllocated" in dataset:
        raise FileRefused("pixels-missing")
    return False


def check_object(dataset: Dataset, policy: Policy) -> None:
    """Refuse objects that cannot be cleaned.

    Raises
    ------
    FileRefused
        ``directory`` for a DICOMDIR, else ``object-refused`` with the kind, in words.
    """
    if "DirectoryRecordSequence" in dataset or text_of(dataset, "SOPClassUID") == "1.2.840.10008.1.3.10":
        raise FileRefused("directory")
    if "EncapsulatedDocument" in dataset:
        raise FileRefused("object-refused", "encapsulated document")
    if has_pixels(dataset):
        return
    rule, name = _rule(text_of(dataset, "SOPClassUID"))
    if rule != "clean":
        raise FileRefused("object-refused", name)
    if "ContentSequence" in dataset and not policy.clean_structured_content:
        raise FileRefused("object-refused", "structured content, which the policy does not clean")


def _rule(sop_class: str) -> tuple[str, str]:
    """Return the rule and name of the first row that the class is, or begins with."""
    for prefix, rule, name in _rows():
        if sop_class == prefix or (prefix.endswith(".") and sop_class.startswith(prefix)) or sop_class.startswith(f"{prefix}."):
            return rule, name
    return "refuse", "no pixels, and of a kind that no rule explains"


@lru_cache(maxsize=1)
def _rows() -> tuple[tuple[str, str, str], ...]:
    with _TABLE.open(encoding="utf-8", newline="") as file:
        return tuple((row["sop_class"], row["rule"], row["name"]) for row in csv.DictReader(file, delimiter="\t"))
