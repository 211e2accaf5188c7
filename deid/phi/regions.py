"""Turns spans of characters into polygons: the words touched, along the line, and never more of the line."""

from __future__ import annotations

import math

from deid.types import Point, Polygon, Quad, TextLine, Word

# A gap between two words of so many heights of their mask parts it; a space takes a third of that.
_EMPTY = 0.6


def angle_of(quad: Quad) -> float:
    """The direction of a line's text, in radians."""
    (x0, y0), (x1, y1) = quad[0], quad[1]
    return math.atan2(y1 - y0, x1 - x0)


def extent(quad: Quad, angle: float) -> tuple[float, float, float]:
    """Where a line begins and ends along a direction, and where its middle lies across it."""
    cos, sin = math.cos(angle), math.sin(angle)
    along = [x * cos + y * sin for x, y in quad]
    return min(along), max(along), sum(y * cos - x * sin for x, y in quad) / 4


def span_polygon(line: TextLine, start: int, end: int) -> Polygon:
    """The polygon around the words of a line that the characters ``[start, end)`` touch; rounded outwards."""
    words = [word for word in line.words if word.start < end and start < word.start + len(word.text)]
    if not words:
        return line.quad if not line.words else _part(line.quad, len(line.text), start, end)
    return _hull([_touched(word, start, end) for word in words])


def runs(line: TextLine) -> list[tuple[int, int]]:
    """Return the half-open spans of a line's characters that wide gaps part: cells of a table that were read as one line."""
    if not line.words:
        return [(0, len(line.text))]
    angle = angle_of(line.quad)
    widest = _EMPTY * (math.dist(line.quad[0], line.quad[3]) + math.dist(line.quad[1], line.quad[2])) / 2
    found, first, reached = [], line.words[0], line.words[0]
    for word in line.words[1:]:
        if extent(word.quad, angle)[0] - extent(reached.quad, angle)[1] > widest:
            found.append((first.start, reached.start + len(reached.text)))
            first = word
        reached = word
    return [*found, (first.start, reached.start + len(reached.text))]


def _touched(word: Word, start: int, end: int) -> Quad:
    """The part of a word that a span touches: all of it, unless the engine put several words into one."""
    text = word.text.reveal()
    if " " not in text:
        return word.quad
    first, past = max(0, start - word.start), min(len(text), end - word.start)
    return _part(word.quad, len(text), first, past)


def _part(quad: Quad, length: int, start: int, end: int) -> Quad:
    """Cut a quad along its text by share of characters, with a margin, because letters differ in width."""
    if length == 0 or (start <= 0 and end >= length):
        return quad
    wide = max(1.0, (math.dist(quad[0], quad[1]) + math.dist(quad[3], quad[2])) / 2)
    margin = 0.8 * (math.dist(quad[0], quad[3]) + math.dist(quad[1], quad[2])) / 2 / wide
    low = max(0.0, start / length * 0.92 - margin) if start > 0 else 0.0
    high = min(1.0, 1 - (1 - end / length) * 0.92 + margin) if end < length else 1.0
    return (
        _between(quad[0], quad[1], low),
        _between(quad[0], quad[1], high),
        _between(quad[3], quad[2], high),
        _between(quad[3], quad[2], low),
    )


def _between(first: Point, second: Point, share: float) -> Point:
    return round(first[0] + (second[0] - first[0]) * share), round(first[1] + (second[1] - first[1]) * share)


def _hull(quads: list[Quad]) -> Polygon:
    """Convex hull, clockwise with y down (monotone chain)."""
    points = sorted({point for quad in quads for point in quad})
    if len(points) < 3:
        return quads[0]
    lower = _chain(points)
    upper = _chain(points[::-1])
    return tuple(lower[:-1] + upper[:-1])


def _chain(points: list[Point]) -> list[Point]:
    chain: list[Point] = []
    for point in points:
        while len(chain) >= 2 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain


def _turn(first: Point, second: Point, third: Point) -> int:
    return (second[0] - first[0]) * (third[1] - first[1]) - (second[1] - first[1]) * (third[0] - first[0])
