"""Finds rooms and stations in a table of patients: few short values that recur down a column and name no exam and no state."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cache
from itertools import pairwise

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.judge import Neighbours
from deid.phi.patterns import technical_spans
from deid.phi.regions import angle_of, extent
from deid.phi.tokens import tokenise
from deid.types import Finding, PhiCategory, Region, TextLine

# A table has so many rows at least, and so many of a column's cells stand beside an identifying one.
_LEAST_ROWS, _BESIDE = 3, 0.6
# So many of a column's cells must say what is done, or how far it is, for the column to stay.
_TELLING = 0.5
_MOST_WORDS, _LONGEST = 4, 28
# In line heights: how far apart the beginnings of the cells of a column lie, and the middles of the cells of a row.
_ALIGNED, _LEVEL = 0.8, 0.6
# Directions that differ by so many radians may be one: a word of three letters is off by so much.
_ALIKE = 0.05


@dataclass(frozen=True, slots=True)
class _Cell:
    """A line in its own direction: where it begins, ends and has its middle across, its height and what it says."""

    line: int
    start: float
    end: float
    middle: float
    height: float
    text: str


def room_findings(
    lines: Sequence[TextLine],
    found: Sequence[Sequence[Finding]],
    beside: Sequence[Neighbours],
    without_known: Sequence[Sequence[Finding]] | None = None,
) -> tuple[Finding, ...]:
    """Find the cells of columns that name rooms or stations though every word of them is technical.

    Parameters
    ----------
    lines
        The lines of a picture.
    found
        What was found in each of them.
    beside
        The labels beside and above each of them: a heading that tells what a column holds keeps it.
    without_known
        What is found in each of them where nothing is known besides; what is known must free nothing.
    """
    cells = _cells(lines)
    identifying = [cell for cell in cells if found[cell.line]]
    if len(identifying) < _LEAST_ROWS:
        return ()
    free = [
        replace(cell, text=rest)
        for index, line in enumerate(lines)
        if not _is_whole(line, found[index]) and not _is_explained(beside[index])
        for cell, rest in [(cells[index], _rest(line, (found if without_known is None else without_known)[index]))]
        if _is_short(rest)
    ]
    return tuple(
        Finding(
            PhiCategory.INSTITUTION,
            Region(lines[cell.line].quad, lines[cell.line].frames),
            0.6,
            "closure:column",
            lines[cell.line].text,
        )
        for column in _columns(free)
        if _is_of_table(column, identifying) and _names_rooms([cell.text for cell in column])
        for cell in column
    )


def _rest(line: TextLine, findings: Sequence[Finding]) -> str:
    """What is left of a line where its findings go: the F of '38 F', which numbers no room."""
    text = line.text.reveal()
    for finding in findings:
        gone = finding.text.reveal() if finding.text else ""
        text = text.replace(gone, " ", 1) if gone else text
    return " ".join(text.split())


def _is_whole(line: TextLine, findings: Sequence[Finding]) -> bool:
    """Tell a line of which every letter and digit goes already; a part that goes does not free the rest."""
    gone = sum(char.isalnum() for finding in findings if finding.text for char in finding.text.reveal())
    return gone >= sum(map(str.isalnum, line.text.reveal()))


def _is_explained(beside: Neighbours) -> bool:
    """Tell a line whose label says that it is medicine: Procedure, Status, Sex."""
    return any(label is not None and label.category in ("none", "sex") for label in (beside.left, beside.above))


def _is_short(text: str) -> bool:
    return len(text) <= _LONGEST and 0 < len(tokenise(text)) <= _MOST_WORDS and any(map(str.isalpha, text))


def _cells(lines: Sequence[TextLine]) -> list[_Cell]:
    """Every line as a cell; short ones take the direction of the longest that lean alike: theirs is rounded to whole pixels."""
    directions: list[float] = []
    cells: list[_Cell] = []
    for index, line in sorted(enumerate(lines), key=lambda numbered: -math.dist(*numbered[1].quad[:2])):
        own = angle_of(line.quad)
        direction = next((other for other in directions if abs(math.remainder(own - other, math.tau)) < _ALIKE), own)
        if direction == own:
            directions.append(own)
        height = max(1.0, math.dist(line.quad[0], line.quad[3]))
        cells.append(_Cell(index, *extent(line.quad, direction), height, line.text.reveal()))
    return sorted(cells, key=lambda cell: cell.line)


def _columns(cells: list[_Cell]) -> list[list[_Cell]]:
    """Cells that begin below each other."""
    columns: list[list[_Cell]] = []
    for cell in sorted(cells, key=lambda cell: cell.start):
        if columns and cell.start - columns[-1][-1].start < _ALIGNED * cell.height:
            columns[-1].append(cell)
        else:
            columns.append([cell])
    return [column for column in columns if len(column) >= _LEAST_ROWS]


def _is_of_table(column: list[_Cell], identifying: list[_Cell]) -> bool:
    """Tell whether most cells of a column stand beside identifying cells that begin below each other as well."""
    beside = [
        [other for other in identifying if abs(other.middle - cell.middle) < _LEVEL * cell.height and _is_apart(cell, other)]
        for cell in column
    ]
    starts = sorted((other.start, other.height) for row in beside for other in row)
    run = longest = 1
    for (before, _), (start, height) in pairwise(starts):
        run = run + 1 if start - before < _ALIGNED * height else 1
        longest = max(longest, run)
    return longest >= _LEAST_ROWS and sum(map(bool, beside)) >= _BESIDE * len(column)


def _is_apart(cell: _Cell, other: _Cell) -> bool:
    return other.end < cell.start or cell.end < other.start


def _names_rooms(texts: list[str]) -> bool:
    """Tell a column of rooms: values recur or are numbered, and few of them say what is done or how far it is."""
    kinds = {" ".join(plain(text).split()) for text in texts}
    numbered = sum(map(_is_numbered, texts)) >= _TELLING * len(texts)
    if numbered:
        return not any(map(_is_measured, texts))
    telling = sum(map(_tells, texts))
    return len(kinds) < len(texts) and telling < _TELLING * len(texts)


def _is_numbered(text: str) -> bool:
    """Angio 2, Neuro B, IR North; not M1, which is a vessel."""
    words = [plain(token.text) for token in tokenise(text)]
    last = words[-1]
    return len(words) > 1 and (
        re.fullmatch(r"\d{1,2}[a-d]?|[a-h]|i{1,3}|iv", last) is not None or last in tables.words()["compass"]
    )


def _is_measured(text: str) -> bool:
    """A number with its unit or label: LAO 30, grade III."""
    return bool(technical_spans(text))


def _tells(text: str) -> bool:
    """Tell a cell that says what is done, where in the body, in which state it is, or whose sex it is."""
    words = [plain(token.text) for token in tokenise(text)]
    lists = tables.words()
    return bool(technical_spans(text)) or any(
        word in lists["states"] or word in lists["sexes"] or word in lists["modalities"] or _exams().match(word) is not None
        for word in words
    )


@cache
def _exams() -> re.Pattern[str]:
    return re.compile("|".join(tables.words()["exams"]))
