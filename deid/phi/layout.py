"""Finds the labels that explain a line: to its left, above it, at the head of its column; on tilted photographs too."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from deid.phi import tables
from deid.phi.judge import Neighbours
from deid.phi.labels import bare_label, find_labels
from deid.phi.regions import angle_of, extent
from deid.phi.tokens import STRONG, strength, tokenise
from deid.types import TextLine

# In line heights: how far a value stands from the label at its left, and from the one above it.
_LEFT_REACH = 14.0
# A label without a colon does not announce technical words that stand further away.
_NEAR_REACH = 6.0
_ABOVE_REACH = 2.6
# In line heights: rows of a table may lie this far apart before the column ends.
_ROW_REACH = 6.0


@dataclass(frozen=True, slots=True)
class Cell:
    """A line or a part of one, in its own direction: where it begins and ends along the text, its middle across, its height.

    `bare` is a label that announces numbers only, and may itself be a name: Ward.
    """

    line: int
    start: float
    end: float
    middle: float
    height: float
    label: tables.Label | None
    header: bool
    separated: bool
    technical: bool
    bare: tables.Label | None
    numbered: bool

    def announces(self, value: Cell) -> tables.Label | None:
        """The label that a cell is to another one."""
        return self.label or (self.bare if value.numbered else None)


def neighbours(lines: Sequence[TextLine]) -> list[Neighbours]:
    """For each line, the labels that announce it from outside."""
    found = [Neighbours() for _ in lines]
    for group in _by_direction(lines):
        cells = [_cell(index, lines[index], angle) for index, angle in group]
        for cell in cells:
            if cell.label is None:
                found[cell.line] = Neighbours(_left_of(cell, cells), _above(cell, cells))
    return found


def _by_direction(lines: Sequence[TextLine]) -> list[list[tuple[int, float]]]:
    """Group lines that run in about the same direction on frames that overlap; each with the group's angle."""
    groups: list[tuple[float, list[int]]] = []
    for index, line in enumerate(lines):
        angle = angle_of(line.quad)
        for mean, members in groups:
            if abs(math.remainder(angle - mean, math.tau)) < math.radians(20):
                members.append(index)
                break
        else:
            groups.append((angle, [index]))
    return [[(index, _median([angle_of(lines[i].quad) for i in members])) for index in members] for _, members in groups]


def _median(values: list[float]) -> float:
    return sorted(values)[len(values) // 2]


def _cell(index: int, line: TextLine, angle: float) -> Cell:
    start, end, middle = extent(line.quad, angle)
    height = max(1.0, (math.dist(line.quad[0], line.quad[3]) + math.dist(line.quad[1], line.quad[2])) / 2)
    text = line.text.reveal()
    tokens = tokenise(text)
    hits = find_labels(text, tokens)
    label = hits[-1].label if hits and hits[-1].past == len(tokens) and (hits[-1].first == 0 or hits[-1].separated) else None
    header = bool(hits) and hits[0].first == 0
    separated = label is not None and hits[-1].separated
    technical = bool(tokens) and all(strength(token.text) == STRONG for token in tokens)
    bare = bare_label(text, tokens) if label is None else None
    return Cell(index, start, end, middle, height, label, header, separated, technical, bare, any(map(str.isdigit, text)))


def _left_of(cell: Cell, cells: list[Cell]) -> tables.Label | None:
    """The nearest line at the left on the same row, where it is a label."""
    row = [
        other
        for other in cells
        if other is not cell
        and abs(other.middle - cell.middle) < 0.6 * max(cell.height, other.height)
        and -0.5 * cell.height < cell.start - other.end < _LEFT_REACH * cell.height
    ]
    nearest = max(row, key=lambda other: other.end, default=None)
    label = nearest.announces(cell) if nearest is not None else None
    if nearest is None or label is None:
        return None
    far = cell.start - nearest.end > _NEAR_REACH * cell.height
    return None if far and cell.technical and not nearest.separated else label


def _above(cell: Cell, cells: list[Cell]) -> tables.Label | None:
    """The label over a line: straight above, or at the head of the column that the line stands in."""
    column = sorted(
        (other for other in cells if other.middle < cell.middle - 0.6 * cell.height and _same_column(cell, other)),
        key=lambda other: -other.middle,
    )
    below = cell
    for other in column:
        gap = (below.middle - other.middle) / max(cell.height, other.height)
        if gap > _ROW_REACH:
            return None
        label = other.announces(cell)
        if label is not None:
            straight = gap <= _ABOVE_REACH or below is not cell
            return label if straight and not _has_value(other, cells) else None
        below = other
    return None


def _same_column(cell: Cell, other: Cell) -> bool:
    overlap = min(cell.end, other.end) - max(cell.start, other.start)
    return overlap > 0.3 * min(cell.end - cell.start, other.end - other.start) or abs(cell.start - other.start) < 0.7 * cell.height


def _has_value(label: Cell, cells: list[Cell]) -> bool:
    """True where something that is no label stands right of a label: then it announces that, not what is under it."""
    row = [
        other
        for other in cells
        if other is not label
        and abs(other.middle - label.middle) < 0.6 * max(label.height, other.height)
        and -0.5 * label.height < other.start - label.end < _LEFT_REACH * label.height
    ]
    nearest = min(row, key=lambda other: other.start, default=None)
    return nearest is not None and nearest.label is None and not nearest.header
