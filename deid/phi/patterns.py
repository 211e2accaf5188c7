"""Runs the technical grammar and the hard patterns over a line."""

from __future__ import annotations

import re
from collections.abc import Iterator
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


def _matches(rule: tables.Rule, text: str) -> Iterator[re.Match[str]]:
    """What a rule matches and its check confirms; behind the first word of a match that it does not, the search goes on."""
    at = 0
    while match := rule.pattern.search(text, at):
        if not rule.check or CHECKS[rule.check](match):
            yield match
            at = max(match.end(), match.start() + 1)
            continue
        at = match.start() + 1
        while at < len(text) and text[at - 1].isalnum() and text[at].isalnum():
            at += 1


def technical_spans(text: str) -> list[tuple[int, int]]:
    """Find what the grammar knows to be medicine; where two overlap, all of both: 120 kV 240 mA."""
    chars = set(text)
    found = [
        match.span()
        for rule in tables.grammar()
        if not rule.wants or not rule.wants.isdisjoint(chars)
        for match in _matches(rule, text)
    ]
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
        for match in _freed(rule, text, protected) if category in _FREED else _matches(rule, text):
            start, end = _value(match)
            if _inside_number(text, start, end):
                continue
            if category is PhiCategory.NAME:
                end = _before_measure(text, start, end, protected)
            start, end = _trimmed(text, start, end)
            marks.append(Mark(start, end, category, 0.95, f"rule:{rule.id}", _switch(rule, match)))
    marks += _times(text, marks)
    marks += _ranges(text, marks)
    addresses = [mark for mark in marks if mark.category in (PhiCategory.NETWORK, PhiCategory.EMAIL)]
    return [mark for mark in marks if mark in addresses or not any(a.start <= mark.start and mark.end <= a.end for a in addresses)]


def _is_measured(text: str, start: int, end: int, protected: list[tuple[int, int]]) -> bool:
    """Tell a match most digits of which belong to technical segments; of "12-Aug-51 LAO 30" the segment has no more than half."""
    digits = [at for at in range(start, end) if text[at].isdigit()]
    explained = sum(meets(at, at + 1, protected) for at in digits)
    return explained * 2 > len(digits) if digits else meets(start, end, protected)


# Digits of a year.
_YEAR: Final = 4


def _freed(rule: tables.Rule, text: str, protected: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """What a rule matches outside technical segments; a match that goes on into one is cut short: 2 Aug 80 kV.

    A word in front that tells what a number is says more than bare numbers that look technical: since 5/11.
    """
    for match in _matches(rule, text):
        start, end = _value(match)
        over = _over(text, start, end, protected)
        lettered = any(map(str.isalpha, over))
        told = start > match.start() and not lettered
        told = told or _told_behind(rule, text, end, protected)
        stays = told or _odd(text, start, end, protected) or not _is_measured(text, start, end, protected)
        shorter = _cut_short(rule, match, protected) if over and not told and (lettered or not stays) else None
        if shorter or stays:
            yield shorter or match


def _told_behind(rule: tables.Rule, text: str, end: int, protected: list[tuple[int, int]]) -> bool:
    """Tell an age or a date by the year behind it, which no measurement has: PA 28 y, 21/12/l980; or a cell by its sex: 21 F."""
    beyond = not meets(max(0, end - _YEAR), end, protected)
    aged = rule.id in ("age", "age-dicom") and text[end - 1].isalpha() and not meets(end - 1, end, protected)
    return (
        aged
        or rule.id in ("sex-age-alone", "date-before-clock", "clock-dotted", "age-before-word")
        or (rule.id == "age-word" and re.search(r"\blat \d{2,3}$", text[:end]) is not None)
        or (rule.id == "date-lost-dot" and re.search(r"\d[-./](?:19|20)\d{2}$", text[:end]) is not None)
        or (rule.id == "date-dmy" and beyond and re.search(r"[-./]\s?\w{4}$", text[:end]) is not None)
    )


def _cut_short(rule: tables.Rule, match: re.Match[str], protected: list[tuple[int, int]]) -> re.Match[str] | None:
    """The match up to the technical segment that it goes on into, where that is still one."""
    start, end = _value(match)
    border = min(first for first, past in protected if start < past and first < end)
    shorter = rule.pattern.match(match.string, match.start(), border)
    return shorter if shorter and (not rule.check or CHECKS[rule.check](shorter)) else None


def _value(match: re.Match[str]) -> tuple[int, int]:
    """The part of a match that identifies: its group `value`, where it has one."""
    return match.span("value" if "value" in match.re.groupindex else 0)


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


_BIS: Final = r"(?:bis|und|do|til|till|tot en met|t/m|tot|to|au|al|a|e|ile|ve|and|et|en|och|og|i|y)"
_FIRST: Final = re.compile(rf"(?<![^\W_])(?P<day>[0-3]?\d(?:\.(?:[01]?\d\.?)?|[-/][01]?\d)?)\s?(?:-|–|{_BIS})\s?$", re.IGNORECASE)
_LAST: Final = re.compile(
    rf"\s?(?:-|–|{_BIS})\s?(?P<day>[0-3]?\d(?:,?\s(?:19|20)\d{{2}})?)(?![^\W_]|[.,/:]\d|\s?[mck]?[mgv]\b)", re.IGNORECASE
)


def _ranges(text: str, marks: list[Mark]) -> list[Mark]:
    """The day before a date or behind it that is the other end of a stay: 3. bis 12. März."""
    found = []
    for mark in marks:
        if mark.category is PhiCategory.DATE:
            found += [match.span("day") for match in (_FIRST.search(text[: mark.start]), _LAST.match(text, mark.end)) if match]
    return [Mark(start, end, PhiCategory.DATE, 0.95, "rule:date-dmy") for start, end in found]


_SHORT_CLOCK: Final = re.compile(r"(?<![\w:.,])(?:[01]?\d|2[0-3]):\d(?![\w:.,])")
_ROOM: Final = re.compile(
    r"(?<![^\W_])(?:(?:neuro|cardiac|cardio|vascular|angio|biplane|monoplane|hybrid|intervention(?:al)?|ir|ct|mri?|xa|cath|saal)\s?"
    r"(?-i:[1-9]\d?|(?<=\s)[A-H])|(?:neuro|cardiac|vascular|angio)\s(?:biplane|monoplane))(?![^\W_]|[.,/:-]\d)",
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
    return text[start] == "+" or not (plainly or any(map(str.isalpha, _over(text, start, end, protected))))


def _over(text: str, start: int, end: int, protected: list[tuple[int, int]]) -> str:
    """What technical segments that share characters with a span say."""
    return "".join(text[first:past] for first, past in protected if start < past and first < end)


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
