"""A line between identifying lines of its column is identifying: tables of tiny print are read badly here and there."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from deid.phi.judge import doubtful
from deid.phi.regions import angle_of
from deid.types import Finding, PhiCategory, Region, TextLine

# In heights of the line: how far the next row of a column lies at most, and how far the second next.
_NEXT, _SECOND = 2.6, 4.6
# Share of the wider line by which the middles of two lines of a column may stand apart.
_ASIDE = 0.4


@dataclass(frozen=True, slots=True)
class _Row:
    """A line as a rectangle in its own direction: its middle, the direction of its text, its width and height."""

    x: float
    y: float
    angle: float
    width: float
    height: float


def column_findings(
    lines: Sequence[TextLine], findings: Sequence[Finding], without_known: Sequence[Finding] | None = None
) -> tuple[Finding, ...]:
    """Find lines in which nothing was found, that stand in a column of identifying lines and are not plainly technical.

    Parameters
    ----------
    lines
        The lines of a picture.
    findings
        What was found in them; a line counts as identifying where one finding begins at its first word and covers most of it.
    without_known
        What is found in them where nothing is known besides: a line in which something is found so was judged by itself, and
        what stays of it stays. Left out, it is what was found with other evidence than a known value.
    """
    rows = [_row(line) for line in lines]
    wholes = {
        id(line): finding.category
        for line, there in zip(lines, _findings_on(rows, findings), strict=True)
        for finding in there
        if _is_whole(line, finding)
    }
    # What is known besides never frees anything, so it does not count as a judgement of the line.
    judging = findings if without_known is None else without_known
    own = _findings_on(rows, [finding for finding in judging if not finding.evidence.startswith(("known:", "closure"))])
    more = []
    for index, line in enumerate(lines):
        text = line.text.reveal()
        judged = any(finding.region.frames == line.frames for finding in own[index])
        if judged or sum(letter.isalnum() for letter in text) < 2 or not doubtful(text):
            continue
        categories = _column(index, lines, rows, wholes)
        if categories:
            category = Counter(categories).most_common(1)[0][0]
            more.append(Finding(category, Region(line.quad, line.frames), 0.6, "closure:column", line.text))
    return tuple(more)


def _is_whole(line: TextLine, finding: Finding) -> bool:
    text = finding.text.reveal() if finding.text else ""
    return len(text) >= 0.8 * len(line.text) > 0 and finding.region.frames == line.frames and text in line.text.reveal()


def _findings_on(rows: Sequence[_Row], findings: Sequence[Finding]) -> list[list[Finding]]:
    """Gather, for each line, the findings whose middle lies on it: rows of tiny tilted print have boxes that overlap."""
    middles = np.array([np.mean(finding.region.polygon, axis=0) for finding in findings]).reshape(-1, 2)
    found = []
    for row in rows:
        x, y = middles[:, 0] - row.x, middles[:, 1] - row.y
        along, across = x * math.cos(row.angle) + y * math.sin(row.angle), y * math.cos(row.angle) - x * math.sin(row.angle)
        on = (np.abs(along) <= row.width / 2 + row.height) & (np.abs(across) < 0.4 * row.height)
        found.append([findings[index] for index in np.flatnonzero(on).tolist()])
    return found


def _column(index: int, lines: Sequence[TextLine], rows: Sequence[_Row], wholes: dict[int, PhiCategory]) -> list[PhiCategory]:
    """Categories of the identifying lines that enclose a line: one before and one after it, or two on one side."""
    row = rows[index]
    before: list[tuple[float, PhiCategory]] = []
    after: list[tuple[float, PhiCategory]] = []
    for other, line in zip(rows, lines, strict=True):
        if id(line) in wholes and line.frames == lines[index].frames and _is_same_column(row, other):
            distance = _across(row, other) / row.height
            if 0.4 < abs(distance) < _SECOND:
                (after if distance > 0 else before).append((abs(distance), wholes[id(line)]))
    near = [bool(side) and min(side)[0] < _NEXT for side in (before, after)]
    continued = any(len(side) >= 2 and is_near for side, is_near in zip((before, after), near, strict=True))
    return [category for _, category in (*before, *after)] if all(near) or continued else []


def _is_same_column(row: _Row, other: _Row) -> bool:
    turned = abs(math.remainder(row.angle - other.angle, math.pi)) > math.radians(12)
    along = (other.x - row.x) * math.cos(row.angle) + (other.y - row.y) * math.sin(row.angle)
    alike = 0.5 < row.height / other.height < 2
    return not turned and alike and abs(along) < _ASIDE * max(row.width, other.width)


def _across(row: _Row, other: _Row) -> float:
    return (other.y - row.y) * math.cos(row.angle) - (other.x - row.x) * math.sin(row.angle)


def _row(line: TextLine) -> _Row:
    a, b, _, d = line.quad
    width, height = max(math.dist(a, b), 1.0), max(math.dist(a, d), 1.0)
    return _Row(sum(x for x, _ in line.quad) / 4, sum(y for _, y in line.quad) / 4, angle_of(line.quad), width, height)
