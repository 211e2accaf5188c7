"""Seeks values that are known to identify: fuzzy, tolerant of what engines do to letters, glued or split."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz import fuzz

from deid.phi import tables
from deid.phi.canon import fold, folded, plain
from deid.phi.patterns import Mark
from deid.phi.tokens import HARMLESS, STRONG, WEAK, Token, strength, tokenise
from deid.types import KnownValue, PhiCategory, TextSpan

# Parts of these values count even where they are technical words: a patient may be called Cobra.
_NAMES = ("PatientName", "OtherPatientNames", "PatientBirthName", "PatientMotherBirthName", "UserList")
_SHORT = 4
_NEAR = 80.0
_NEAR_GLUED = 88.0
# CATHETER is 86 % CARTER.
_NEAREST = 90.0


@dataclass(frozen=True, slots=True)
class Needle:
    """One form of a known value: folded text, how it may be matched, and what it says."""

    text: str
    whole: bool
    category: PhiCategory
    evidence: str
    digits: bool


def find_known(text: str, known: Sequence[KnownValue]) -> tuple[TextSpan, ...]:
    """Find the known values in a text, however an engine spelled them.

    Parameters
    ----------
    text
        A line of a picture, or a text of a header.
    known
        What identifies; names are sought by their parts, dates in every notation, numbers without their separators.
    """
    marks = known_marks(text, tokenise(text), needles(tuple(known)))
    return tuple(TextSpan(mark.start, mark.end, mark.category, mark.score, mark.evidence) for mark in marks)


def known_marks(text: str, tokens: tuple[Token, ...], sought: tuple[Needle, ...]) -> list[Mark]:
    """Find the needles in a line."""
    if not sought or not tokens:
        return []
    line = fold(text)
    words: dict[str, list[Token]] = {}
    for token in tokens:
        words.setdefault(folded(token.text), []).append(token)
    marks: list[Mark] = []
    for needle in sought:
        if len(needle.text) > len(line.text) + 2:
            continue
        found = [(token.start, token.end) for token in (*words.get(needle.text, ()), *_alike(needle, words))]
        if not found and not needle.whole:
            found = _glued(needle, line.text, line.starts, line.ends, text)
        marks.extend(Mark(start, end, needle.category, 0.98, needle.evidence) for start, end in found)
    return marks


def _alike(needle: Needle, words: dict[str, list[Token]]) -> list[Token]:
    """Words that differ from a needle by what engines do to letters; a technical word must be nearer than another."""
    if needle.digits or len(needle.text) <= _SHORT:
        return []
    found = []
    for word, tokens in words.items():
        if len(word) > _SHORT and word != needle.text and (score := fuzz.ratio(needle.text, word, score_cutoff=_NEAR)):
            found += [token for token in tokens if score >= _NEAREST or strength(token.text) != STRONG]
    return found


def _glued(needle: Needle, line: str, starts: tuple[int, ...], ends: tuple[int, ...], text: str) -> list[tuple[int, int]]:
    """Find a value that lost or gained spaces."""
    at = line.find(needle.text)
    if at >= 0:
        found = []
        while at >= 0:
            span = (starts[at], ends[at + len(needle.text) - 1])
            if not _within_technical(text, span):
                found.append(span)
            at = line.find(needle.text, at + 1)
        return found
    if len(needle.text) < 6 or len(line) < len(needle.text):
        return []
    best = fuzz.partial_ratio_alignment(needle.text, line, score_cutoff=_NEAR_GLUED)
    if best is None or best.dest_end <= best.dest_start:
        return []
    span = (starts[best.dest_start], ends[best.dest_end - 1])
    return [] if _within_technical(text, span) else [span]


def _within_technical(text: str, span: tuple[int, int]) -> bool:
    """True where the span is a proper part of technical words: CAROT of CAROTID."""
    touched = [token for token in tokenise(text) if token.start < span[1] and span[0] < token.end]
    inner = any(token.start < span[0] or token.end > span[1] for token in touched)
    return inner and all(token.kind == "word" and strength(token.text) in (*HARMLESS, WEAK) for token in touched)


@lru_cache(maxsize=256)
def needles(known: tuple[KnownValue, ...]) -> tuple[Needle, ...]:
    """Every form in which the known values are sought, longest first."""
    found: dict[tuple[str, bool], Needle] = {}
    for value in known:
        for needle in _forms(value):
            found.setdefault((needle.text, needle.whole), needle)
    return tuple(sorted(found.values(), key=lambda needle: (-len(needle.text), needle.text)))


@lru_cache(maxsize=4096)
def _forms(value: KnownValue) -> tuple[Needle, ...]:
    text = value.value.reveal().strip()
    category = category_of(value.keyword, text)
    evidence = f"known:{value.keyword.partition('.')[0]}"
    digits = [char for char in text if char.isdigit()]
    if category is PhiCategory.DATE:
        forms = date_forms("".join(digits))
        return tuple(Needle(folded(form), False, category, evidence, True) for form in forms if len(form) >= 6)
    if len(digits) * 2 > len(folded(text)):
        return tuple(_number_forms(text, category, evidence))
    return tuple(_name_forms(text, value.keyword, category, evidence))


def _number_forms(text: str, category: PhiCategory, evidence: str) -> list[Needle]:
    whole = folded(text)
    bare = whole.lstrip("o")
    forms = [whole] + ([bare] if len(bare) >= 5 else [])
    return [Needle(form, len(form) < 5, category, evidence, True) for form in dict.fromkeys(forms) if len(form) >= 3]


def _name_forms(text: str, keyword: str, category: PhiCategory, evidence: str) -> list[Needle]:
    parts = [token.text for token in tokenise(text)]
    names = [part for part in parts if _counts(part, keyword)]
    forms = [Needle(folded(part), len(folded(part)) <= _SHORT, category, evidence, False) for part in names]
    for joined in ("".join(parts), "".join(reversed(parts))):
        if len(parts) > 1 and len(folded(joined)) >= 5 and (names or not keyword.startswith("CaseText")):
            forms.append(Needle(folded(joined), False, category, evidence, False))
    return forms


def _counts(part: str, keyword: str) -> bool:
    """Tell whether a part of a value identifies by itself."""
    simple = plain(part)
    lists = tables.words()
    if simple in lists["titles"] or simple in lists["particles"] or simple in lists["suffixes"]:
        return False
    if keyword in _NAMES:
        return len(simple) >= 2
    return len(simple) >= 3 and strength(part) not in HARMLESS


def category_of(keyword: str, text: str = "") -> PhiCategory:
    """The category of a known value, from its attribute keyword."""
    if keyword.startswith("CaseText."):
        return PhiCategory(keyword.partition(".")[2])
    for part, category in _BY_KEYWORD:
        if part in keyword:
            return category
    digits = sum(map(str.isdigit, text))
    if len(date_forms("".join(filter(str.isdigit, text)))) > 1 and digits == 8:
        return PhiCategory.DATE
    return PhiCategory.OTHER_ID if digits * 2 > len(text) else PhiCategory.NAME


_BY_KEYWORD = (
    ("UID", PhiCategory.OTHER_ID),
    ("Date", PhiCategory.DATE),
    ("Accession", PhiCategory.ACCESSION),
    ("PatientID", PhiCategory.MRN),
    ("OtherPatientIDs", PhiCategory.MRN),
    ("IssuerOfPatientID", PhiCategory.INSTITUTION),
    ("Address", PhiCategory.LOCATION),
    ("TelephoneNumber", PhiCategory.PHONE),
    ("Institution", PhiCategory.INSTITUTION),
    ("StationName", PhiCategory.DEVICE_ID),
    ("Serial", PhiCategory.DEVICE_ID),
    ("DeviceID", PhiCategory.DEVICE_ID),
    ("StudyID", PhiCategory.ACCESSION),
    ("AdmissionID", PhiCategory.OTHER_ID),
    ("PatientName", PhiCategory.NAME),
    ("Physician", PhiCategory.NAME),
)


def date_forms(digits: str) -> tuple[str, ...]:
    """The notations of a date, digits only, from YYYYMMDD (or DDMMYYYY); empty for what is no date."""
    for year, month, day in ((digits[:4], digits[4:6], digits[6:8]), (digits[4:8], digits[2:4], digits[:2])):
        if len(digits) >= 8 and year[:2] in ("18", "19", "20") and 1 <= int(month) <= 12 and 1 <= int(day) <= 31:
            orders = (year + month + day, day + month + year, month + day + year)
            return orders + tuple(order.replace(year, year[2:]) for order in orders)
    return ()
