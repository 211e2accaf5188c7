"""Judges the classifier on lines as hospitals burn them in (hospital.toml), one half of which nothing was built on."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from rapidfuzz.distance import Levenshtein

from deid.phi import classify_text
from deid.phi.classifier import poorly_read, unread
from deid.policy import Policy
from tests.benchmark.fonts import font_files
from tests.benchmark.line_pictures import LEVELS, Reading, read_lines

HALVES = ("built on", "only measured")
GOES, FREE = "goes", "free"
# A span counts as caught where so many of its letters and digits are covered.
_CAUGHT = 0.9


@dataclass(frozen=True)
class Line:
    """A line as a person judged it: `spans` are (start, end, GOES or FREE), all else must stay."""

    text: str
    group: str
    half: str
    spans: tuple[tuple[int, int, str], ...]


@dataclass
class Tally:
    """What became of some lines."""

    identifiers: int = 0
    caught: int = 0
    words: int = 0
    lost: int = 0
    lines: int = 0
    hit: int = 0

    @property
    def caught_share(self) -> float:
        return self.caught / max(1, self.identifiers)

    @property
    def lost_share(self) -> float:
        return self.lost / max(1, self.words)


def hospital_lines() -> list[Line]:
    """Read the table; lines with even numbers of a group were built on."""
    groups = tomllib.loads(Path(__file__).with_name("hospital.toml").read_text(encoding="utf-8"))
    return [
        _line(marked, group, HALVES[number % 2]) for group, table in groups.items() for number, marked in enumerate(table["lines"])
    ]


def _line(marked: str, group: str, half: str) -> Line:
    text, spans, start = "", [], 0
    for char in marked:
        if char in "[{":
            start = len(text)
        elif char in "]}":
            spans.append((start, len(text), GOES if char == "]" else FREE))
        else:
            text += char
    return Line(text, group, half, tuple(spans))


def tally(lines: Sequence[Line], readings: Sequence[Reading], policy: Policy) -> Tally:
    """Judge each line as it was read."""
    count = Tally()
    for line, reading in zip(lines, readings, strict=True):
        _add(count, line, reading, policy)
    return count


def _add(count: Tally, line: Line, reading: Reading, policy: Policy) -> None:
    read = reading.text
    whole = unread(read, reading.confidence) or poorly_read(read, reading.confidence)
    spans = () if whole else classify_text(read, policy=policy)
    gone = {at for span in spans for at in range(span.start, span.end)} if not whole else set(range(len(read)))
    places = _places(line.text, read)
    for start, end, kind in line.spans:
        letters = [at for at in range(places[start], places[end]) if read[at].isalnum()]
        if kind == GOES:
            count.identifiers += 1
            count.caught += sum(at in gone for at in letters) >= _CAUGHT * len(letters)
    judged = [at for start, end, _ in line.spans for at in range(places[start], places[end])]
    words = [match.span() for match in re.finditer(r"[^\W_]+", read) if not any(at in judged for at in range(*match.span()))]
    lost = sum(any(at in gone for at in range(*word)) for word in words)
    count.words += len(words)
    count.lost += lost
    count.lines += bool(words)
    count.hit += bool(lost)


def _places(text: str, read: str) -> list[int]:
    """Where each character of a text is in what was read."""
    places: list[int] = []
    for code in Levenshtein.opcodes(text, read):
        size, width = code.src_end - code.src_start, code.dest_end - code.dest_start
        places += [code.dest_start + (index * width) // max(1, size) for index in range(size)]
    return [*places, len(read)]


def rows(policy: Policy, engine: str, seed: int) -> Iterator[str]:
    """The table: each half as it was written, and as the engine read it at each level."""
    yield "| lines of hospitals | | identifiers | caught | words that must stay | lost | lines hit |"
    yield "|---|---|---|---|---|---|---|"
    for half in HALVES:
        lines = [line for line in hospital_lines() if line.half == half]
        texts = [line.text for line in lines]
        yield _row(half, "as written", tally(lines, [Reading(text, 1.0) for text in texts], policy))
        for number, level in enumerate(LEVELS if engine != "none" else ()):
            rng = np.random.default_rng((seed, number))
            readings = read_lines(texts, [level] * len(texts), font_files("measure", "screen"), rng, engine)
            yield _row(half, level, tally(lines, readings, policy))


def _row(half: str, level: str, count: Tally) -> str:
    return (
        f"| {half} | {level} | {count.identifiers} | {count.caught_share:.1%} | {count.words} | {count.lost_share:.1%}"
        f" | {count.hit / max(1, count.lines):.1%} |"
    )
