"""Which identifying values the header tells, and which patient it is about."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path

from pydicom.dataset import Dataset
from pydicom.tag import BaseTag

from deid.formats.dicom.paths import keyword
from deid.formats.dicom.rules import Rules
from deid.formats.dicom.values import listed, texts
from deid.formats.dicom.walk import walk
from deid.types import KnownValue, PhiText

_KEYWORDS = Path(__file__).with_name("known_keywords.txt")
# Days of the standard's own vocabularies.
_PUBLIC_DATES = frozenset({"ContextGroupVersion", "ContextGroupLocalVersion", "EffectiveDateTime", "InformationIssueDateTime"})
# Values that name nobody, in the forms that consoles fill in by themselves.
_NOBODY = frozenset({"", "ANONYMOUS", "ANONYMIZED", "UNKNOWN", "NONE", "NO NAME", "NOT SPECIFIED", "REMOVED", "N/A", "-"})
# A shorter value says too little to be sought in other text ("M", "1").
_SHORTEST = 2


@lru_cache(maxsize=1)
def known_keywords() -> frozenset[str]:
    """Return the keywords of attributes whose values identify someone or a place, PN and dates apart."""
    return frozenset(listed(_KEYWORDS))


def known_values(dataset: Dataset, rules: Rules) -> tuple[KnownValue, ...]:
    """Collect the identifying values of a header, at any depth, that no option of the policy keeps."""
    found: dict[KnownValue, None] = {}
    for _, _, element in walk(dataset, wanted=lambda tag, vr: vr == "SQ" or _tells(tag, vr)):
        if _tells(element.tag, element.VR) and not rules.keeps(element.tag):
            name = keyword(element.tag)
            for text in texts(element):
                for part in _parts(element.VR, text):
                    if len(part) >= _SHORTEST and part.upper() not in _NOBODY:
                        found[KnownValue(name, PhiText(part))] = None
    return tuple(found)


def subject(dataset: Dataset) -> str:
    """Name the patient for keys and pseudonyms: the id with its issuer, else name and birth date, else the study."""
    patient = _first(dataset, "PatientID")
    if patient and patient not in _NOBODY:
        return f"id:{patient}|{_first(dataset, 'IssuerOfPatientID')}"
    name = _first(dataset, "PatientName").rstrip("^=")
    if name and name not in _NOBODY:
        return f"name:{name}|{_first(dataset, 'PatientBirthDate')}"
    return f"study:{_first(dataset, 'StudyInstanceUID') or _first(dataset, 'SOPInstanceUID')}"


def case(dataset: Dataset) -> PhiText:
    """Return the patient's id, else the name; empty where the header names nobody."""
    named = subject(dataset)
    return PhiText("" if named.startswith("study:") else named)


def _tells(tag: BaseTag, vr: str) -> bool:
    if vr == "PN":
        return True
    if vr in ("DA", "DT"):
        return keyword(tag) not in _PUBLIC_DATES
    return keyword(tag) in known_keywords()


def _parts(vr: str, text: str) -> list[str]:
    """Return each component group of a name, the day of a date and time, or the text itself."""
    if vr == "PN":
        return [part.strip(" ^") for part in text.split("=")]
    if vr in ("DA", "DT"):
        day = text.replace(".", "")[:8]
        return [day] if len(day) == len("YYYYMMDD") and day.isdecimal() else []
    return [text]


def _first(dataset: Dataset, name: str) -> str:
    try:
        element = dataset[name]
    except Exception:
        return ""
    values = texts(element)
    return " ".join(values[0].upper().split()) if values else ""
