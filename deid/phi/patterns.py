"""Runs the technical grammar and the hard patterns over a line."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from deid.phi import tables
from deid.phi.checks import AS_DIGITS, CHECKS
from deid.phi.tokens import meets
from deid.types import PhiCategory

_CATEGORIES: Final = {category.value: category for category in PhiCategory}


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
    """Find what the grammar knows to be medicine; where two overlap, all of both: 120 kV 240 mA."""
    found = []
    chars = set(text)
    for rule in tables.grammar():
        if rule.wants and rule.wants.isdisjoint(chars):
            continue
        for match in rule.pattern.finditer(text):
            if not rule.check or CHECKS[rule.check](match):
                found.append(match.span())
    joined: list[tuple[int, int]] = []
    for start, end in sorted(found):
        if joined and start < joined[-1][1]:
            joined[-1] = joined[-1][0], max(joined[-1][1], end)
        else:
            joined.append((start, end))
    return joined


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
            if _inside_number(text, start, end) or (rule.check and not CHECKS[rule.check](match)):
                continue
            if category in _FREED and not _odd(text, start, end, protected) and meets(start, end, protected):
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
            if not meets(*match.span(), protected)
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
        numbers = re.findall(r"\d+", match.group().translate(AS_DIGITS))
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
