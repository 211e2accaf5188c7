"""Takes words and measurements apart that an engine joined: Thick15mm is read as Thick 15mm."""

from __future__ import annotations

import re
from dataclasses import replace
from functools import cache
from typing import NamedTuple, Protocol, TypeVar

from deid.phi import tables
from deid.phi.tokens import COMMON, DAMAGED, STRONG, WEAK, strength

# Shorter words before a number are the letters of an identifier as often as medicine: MR4711.
_SHORTEST = 3


class _Span(Protocol):
    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


SpanT = TypeVar("SpanT", bound=_Span)


class Apart(NamedTuple):
    """A text with spaces put in, and where they were put."""

    text: str
    cuts: tuple[int, ...]

    def back(self, span: SpanT) -> SpanT:
        """Return a span of the text taken apart in characters of the text given."""
        return replace(span, start=self._before(span.start), end=self._before(span.end)) if self.cuts else span  # type: ignore[type-var]

    def _before(self, place: int) -> int:
        return place - sum(cut < place for cut in self.cuts)


def apart(text: str) -> Apart:
    """Put a space between a technical word and the measurement that is joined to it; `cuts` are the places of these spaces."""
    cuts: list[int] = []
    pieces: list[str] = []
    past = 0
    for match in _joint().finditer(text):
        if strength(match[1]) not in (STRONG, COMMON, WEAK, DAMAGED):
            continue
        pieces.append(text[past : match.end(1)])
        past = match.end(1)
        cuts.append(past + len(cuts))
    return Apart(" ".join([*pieces, text[past:]]), tuple(cuts)) if cuts else Apart(text, ())


@cache
def _joint() -> re.Pattern[str]:
    """A word, and right behind it a number with a unit or decimals."""
    unit = tables.parts("grammar.toml")["UNIT"]
    return re.compile(
        rf"(?<![^\W_])([^\W\d_]{{{_SHORTEST},}})(?=[-+]?\d{{1,4}}(?:[.,]\d{{1,3}}(?![.,]?\d)|(?:[.,]\d{{1,3}})?\s?{unit}(?![^\W_])))",
        re.IGNORECASE,
    )
