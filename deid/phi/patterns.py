"""Runs the technical grammar and the hard patterns over a line."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from rapidfuzz.distance import Levenshtein

from deid.phi import tables
from deid.phi.canon import folded
from deid.phi.tokens import HARMLESS, UNKNOWN, WEAK, strength
from deid.types import PhiCategory

_CATEGORIES: Final = {category.value: category for category in PhiCategory}
_AS_DIGITS = str.maketrans("OoQIl|", "000111")


@dataclass(frozen=True, slots=True)
class Mark:
    """A span that identifies: half-open, with the policy switch that may let it stay."""

    start: int
    end: int
    category: PhiCategory
    score: float
    evidence: str
    switch: str = ""


def overlap(first: Mark, second: Mark) -> bool:
    """Tell whether two marks share a character."""
    return first.start < second.end and second.start < first.end


def technical_spans(text: str) -> list[tuple[int, int]]:
    """Find what the grammar knows to be medicine, longest first where two overlap."""
    found = []
    chars = set(text)
    for rule in tables.grammar():
        if rule.wants and rule.wants.isdisjoint(chars):
            continue
        for match in rule.pattern.finditer(text):
            if not rule.check or _CHECKS[rule.check](match):
                found.append(match.span())
    taken: list[tuple[int, int]] = []
    for start, end in sorted(found, key=lambda span: (span[0] - span[1], span[0])):
        if all(end <= s or start >= e for s, e in taken):
            taken.append((start, end))
    return sorted(taken)


# What a technical segment can free: numbers that look like dates, times, ages and IDs. Names and addresses it cannot.
_FREED: Final = {
    PhiCategory.DATE,
    PhiCategory.TIME,
    PhiCategory.AGE,
    PhiCategory.PHONE,
    PhiCategory.OTHER_ID,
    PhiCategory.MRN,
    PhiCategory.ACCESSION,
    PhiCategory.NATIONAL_ID,
}


def pattern_marks(text: str, protected: list[tuple[int, int]]) -> list[Mark]:
    """Find what identifies by its shape alone."""
    marks = []
    chars = set(text)
    for rule in tables.patterns():
        if rule.wants and rule.wants.isdisjoint(chars):
            continue
        category = _CATEGORIES[rule.category]
        for match in rule.pattern.finditer(text):
            start, end = match.span("value" if "value" in rule.pattern.groupindex else 0)
            if _inside_number(text, start, end) or (rule.check and not _CHECKS[rule.check](match)):
                continue
            if category in _FREED and not _odd(text, start, end, protected) and any(start < e and s < end for s, e in protected):
                continue
            if category is PhiCategory.NAME:
                end = _before_measure(text, start, end, protected)
            start, end = _trimmed(text, start, end)
            marks.append(Mark(start, end, category, 0.95, f"rule:{rule.id}", _switch(rule, match)))
    marks += _times(text, marks)
    addresses = [mark for mark in marks if mark.category in (PhiCategory.NETWORK, PhiCategory.EMAIL)]
    return [mark for mark in marks if mark in addresses or not any(a.start <= mark.start and mark.end <= a.end for a in addresses)]


def _before_measure(text: str, start: int, end: int, protected: list[tuple[int, int]]) -> int:
    """A name ends where a measurement with its unit or label begins: Dr. Willis LAO 30."""
    measures = [
        s for s, e in protected if start < s < end <= e and any(map(str.isalpha, text[s:e])) and any(map(str.isdigit, text[s:e]))
    ]
    return min(measures, default=end)


_TIME: Final = re.compile(
    r"[\sT,;.|-]{0,3}(?P<time>(?:[01]?\d|2[0-3])\s?[.:;,h\s]?\s?[0-5]\d(?:\s?[.:;,m\s]?\s?[0-5]\d)?)(?![^\W_]|[.,/]\d)"
)


def _times(text: str, marks: list[Mark]) -> list[Mark]:
    """What stands behind a date and may be a time is one, whatever an engine made of its colon."""
    found = [
        _TIME.match(text, mark.end)
        for mark in marks
        if mark.category is PhiCategory.DATE and text[mark.start : mark.end][-1:].isdigit()
    ]
    return [Mark(*match.span("time"), PhiCategory.TIME, 0.95, "rule:clock", "clock") for match in found if match]


_SHORT_CLOCK: Final = re.compile(r"(?<![\w:.,])(?:[01]?\d|2[0-3]):\d(?![\w:.,])")
_ROOM: Final = re.compile(
    r"(?<![^\W_])(?:(?:neuro|cardiac|cardio|vascular|angio|biplane|monoplane|hybrid|intervention(?:al)?|ir|ct|mri?|xa|cath|saal)\s?"
    r"(?-i:[1-9]\d?|[A-H])|(?:neuro|cardiac|vascular|angio)\s(?:biplane|monoplane))(?![^\W_]|[.,/:-]\d)",
    re.IGNORECASE,
)
_ROW: Final = {PhiCategory.NAME, PhiCategory.DATE, PhiCategory.MRN, PhiCategory.ACCESSION}


def row_marks(text: str, marks: list[Mark], protected: list[tuple[int, int]]) -> list[Mark]:
    """What a row of a table holds beside a patient and would prove nothing by itself: rooms, and times that lost digits."""
    kinds = {mark.category for mark in marks}
    if kinds.isdisjoint(_ROW):
        return []
    found = [Mark(*match.span(), PhiCategory.TIME, 0.6, "rule:clock-damaged", "clock") for match in _SHORT_CLOCK.finditer(text)]
    if PhiCategory.NAME in kinds and len(kinds & {*_ROW, PhiCategory.TIME}) > 1:
        found += [
            Mark(*match.span(), PhiCategory.INSTITUTION, 0.6, "rule:room", "institution")
            for match in _ROOM.finditer(text)
            if not any(match.start() < e and s < match.end() for s, e in protected)
        ]
    return found


def _odd(text: str, start: int, end: int, protected: list[tuple[int, int]]) -> bool:
    """Tell a match that no technical segment frees: +49 …, or a date so misread that a decimal number appears in it."""
    plainly = re.fullmatch(r"[\d.,:/\s-]+", text[start:end]) is not None
    over = "".join(text[s:e] for s, e in protected if start < e and s < end)
    return text[start] == "+" or not (plainly or any(map(str.isalpha, over)))


def _switch(rule: tables.Rule, match: re.Match[str]) -> str:
    if rule.switch:
        return rule.switch
    if rule.category == "time":
        return "clock"
    if rule.category == "age":
        numbers = re.findall(r"\d+", match.group().translate(_AS_DIGITS))
        return "age" if numbers and rule.id != "age-over" and all(int(number) < 90 for number in numbers) else ""
    return ""


def _trimmed(text: str, start: int, end: int) -> tuple[int, int]:
    while end > start and text[end - 1].isspace():
        end -= 1
    while start < end and text[start].isspace():
        start += 1
    return start, end


def _inside_number(text: str, start: int, end: int) -> bool:
    before = start > 0 and text[start].isdigit() and text[start - 1].isdigit()
    return before or (end < len(text) and text[end - 1].isdigit() and text[end].isdigit())


def _numbers(match: re.Match[str]) -> list[int]:
    return [int(number) for number in re.findall(r"\d+", match.group().translate(_AS_DIGITS))]


def _is_ymd(match: re.Match[str]) -> bool:
    year, month, day = _numbers(match)[:3]
    return 1 <= month <= 31 and 1 <= day <= 31 and min(month, day) <= 12 and year < 2200


def _is_dmy(match: re.Match[str]) -> bool:
    if sum(map(str.isdigit, match.group())) * 2 < len(re.findall(r"[^\W_]|\|", match.group())):
        return False
    numbers = _numbers(match)
    if len(numbers) != 3:
        return False
    small = sorted(numbers)[:2] if numbers[0] < 100 else numbers[1:]
    first, second = (numbers[0], numbers[1]) if numbers[0] < 100 else (small[0], small[1])
    return 1 <= first <= 31 and 1 <= second <= 31 and min(first, second) <= 12


def _is_ip(match: re.Match[str]) -> bool:
    return all(number < 256 for number in _numbers(match)[:4])


def _is_month(match: re.Match[str]) -> bool:
    around = match.group().replace(match["month"], "", 1)
    return any(map(str.isdigit, around)) and is_month(match["month"])


@lru_cache(maxsize=4096)
def is_month(word: str) -> bool:
    """Tell a month's name in any of the languages, read correctly or nearly so."""
    canonical = folded(word)
    if canonical in _months():
        return True
    if len(canonical) < 5 or strength(word) in HARMLESS:
        return False
    return any(
        abs(len(month) - len(canonical)) <= 1 and Levenshtein.distance(month, canonical, score_cutoff=1) <= 1
        for month in _months()
        if len(month) >= 5
    )


@cache
def _months() -> frozenset[str]:
    return frozenset(folded(month) for month in tables.words()["months"])


def _is_day_month(match: re.Match[str]) -> bool:
    return not re.search(
        r"(?:im|img|image|frame|fr|se|series|run|of|slice)\s?[:#]?\s?$", match.string[: match.start()], re.IGNORECASE
    )


def _is_age(match: re.Match[str]) -> bool:
    digits = re.match(r"\D*?([0-9OoQIl|]{1,3})\s*[^\W\d_]*", match.group())
    if not any(map(str.isdigit, match.group())):
        return False
    numbers = _numbers(match)
    return bool(digits) and bool(numbers) and numbers[0] <= 130


def _is_caret(match: re.Match[str]) -> bool:
    """A star joins technical words as well (T2*); a caret never does."""
    words = re.findall(r"[^\W\d_]+", match.group())
    return "^" in match.group() or not all(strength(word) in HARMLESS for word in words)


def _is_city(match: re.Match[str]) -> bool:
    word = re.search(r"[^\W\d_]+$", match.group())
    return word is not None and strength(word.group()) in (UNKNOWN, WEAK)


def _is_count(match: re.Match[str]) -> bool:
    """Frame 12 of 64; not 03/12, which is a day, nor 11/1956, nor 2019/4471, which is the number of a year."""
    first, second = (part.strip() for part in match.group().split("/"))
    if first.startswith("0") or second.startswith("0") or (len(second) == 4 and 1900 <= int(second) < 2100):
        return False
    dated = 1950 <= int(first) < 2050 and len(second) >= 3
    return int(first) <= int(second) and not dated


def _is_path(match: re.Match[str]) -> bool:
    """Tell a path of a computer from values that DICOM separates by backslashes: ORIGINAL, PRIMARY, AXIAL."""
    drive = match.group()[1:2] == ":"
    return drive or not all(strength(word) in HARMLESS for word in re.findall(r"[^\W_]+", match.group()))


def _is_damaged(match: re.Match[str]) -> bool:
    """Tell a damaged date from measurements that lost their spaces: 88.2cm/5."""
    return re.search(r"\d(?:[cm]m|kv|[mcuµ]?gy|ml)(?![a-z])", match.group(), re.IGNORECASE) is None


_UNIT: Final = re.compile(r"\s?(?:[mcµu]?gy|[cmkµu]?[ms](?![^\W_])|kv|ma|hu|ml|hz|%|°)", re.IGNORECASE)
_REST_OF_DAY: Final = re.compile(r"\.|\s(?:19|20)?\d{2}(?!\d|[.,]\d|\s?[^\W\d])")


def _is_decimal(match: re.Match[str]) -> bool:
    """6.2; not 11.1956, which is a month, nor 24.12., which is a day, nor 1930.40, which is a time."""
    text, rest = match.group(), (match.string, match.end())
    if re.fullmatch(r"(?:0?[1-9]|1[0-2])\.(?:19|20)\d{2}", text):
        return False
    if re.fullmatch(r"(?:[01]\d|2[0-3])[0-5]\d\.[0-5]\d", text):
        return _UNIT.match(*rest) is not None
    return not (re.fullmatch(r"(?:0?[1-9]|[12]\d|3[01])\.(?:0?[1-9]|1[0-2])", text) and _REST_OF_DAY.match(*rest))


_CHECKS: Final[dict[str, Callable[[re.Match[str]], bool]]] = {
    "ymd": _is_ymd,
    "dmy": _is_dmy,
    "ip": _is_ip,
    "month": _is_month,
    "day-month": _is_day_month,
    "age": _is_age,
    "caret": _is_caret,
    "city": _is_city,
    "count": _is_count,
    "damaged": _is_damaged,
    "decimal": _is_decimal,
    "path": _is_path,
}
