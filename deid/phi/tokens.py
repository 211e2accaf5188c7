"""Cuts a line into words and numbers, and says how well each is known to be technical."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache

from rapidfuzz.distance import Levenshtein

from deid.phi import tables
from deid.phi.canon import folded, plain

_TOKEN = re.compile(r"[^\W_]+(?:['’`´][^\W\d_]+)*")

# Articles and prepositions that French and Italian join to a word: l'artère, dell'arteria.
_ELISION = re.compile(r"^(?:[ldnsjcm]|qu|un|(?:de|a|ne|su|da)ll)'(?=[^\W\d_]{3})")

STRONG, COMMON, WEAK, DAMAGED, UNKNOWN = "strong", "common", "weak", "damaged", "unknown"
HARMLESS = (STRONG, COMMON)
# Letters that may be wrong in a technical word of at least so many; shorter ones are too near to names (Heart, Hearn).
_ONE_WRONG, _TWO_WRONG = 7, 9


def meets(start: int, end: int, spans: Iterable[tuple[int, int]]) -> bool:
    """Tell whether the characters from `start` to `end` share any with one of the spans, all half-open."""
    return any(start < past and first < end for first, past in spans)


@dataclass(frozen=True, slots=True)
class Token:
    """A word or number of a line: half-open place, raw text, and its kind: ``word``, ``number`` or ``mixed``."""

    start: int
    end: int
    text: str
    kind: str

    @property
    def digits(self) -> int:
        """How many characters are real digits."""
        return sum(map(str.isdigit, self.text))


def tokenise(text: str) -> tuple[Token, ...]:
    """Cut a line into tokens, left to right."""
    return tuple(Token(match.start(), match.end(), match.group(), _kind(match.group())) for match in _TOKEN.finditer(text))


def _kind(word: str) -> str:
    if not any(map(str.isdigit, word)):
        return "word"
    return "number" if not any(map(str.isalpha, word)) else "mixed"


@lru_cache(maxsize=16384)
def strength(word: str) -> str:
    """Tell how well the vocabulary knows a word: STRONG, COMMON, WEAK (a name elsewhere), DAMAGED or UNKNOWN."""
    simple = plain(word).replace("’", "'")
    bare = _ELISION.sub("", simple.removesuffix("'s")).replace("'", "")
    if bare in tables.weak():
        return WEAK
    if bare in tables.technical() or _is_plural(bare):
        return STRONG
    if bare in tables.common():
        return COMMON
    canonical = folded(word)
    if canonical in tables.label_words():
        return COMMON
    return DAMAGED if _nearly_technical(canonical) else UNKNOWN


def _is_plural(word: str) -> bool:
    """Tell the plural of a technical word; Cortes and Waters are names."""
    return len(word) > 3 and word[-1] == "s" and word[:-1] in tables.technical() and word not in tables.words()["no_plurals"]


def _nearly_technical(canonical: str) -> bool:
    length = len(canonical)
    if canonical in tables.technical_folded():
        return True
    wrong = 2 if length >= _TWO_WRONG else 1 if length >= _ONE_WRONG else 0
    return wrong > 0 and any(
        Levenshtein.distance(canonical, word, score_cutoff=wrong) <= wrong for word in _alike(canonical, wrong)
    )


def _alike(canonical: str, wrong: int) -> Iterator[str]:
    """Words of the vocabulary of about the same length that share a piece with a word, at about the same place.

    Words cut into one piece more than letters may be wrong have one piece whole.
    """
    table = tables.technical_pieces(wrong + 1)
    for length in range(len(canonical) - 1, len(canonical) + 2):
        for number, (start, size) in enumerate(tables.pieces(length, wrong + 1)):
            for at in range(max(0, start - wrong), start + wrong + 1):
                yield from table.get((length, number, canonical[at : at + size]), ())


def phrase_spans(tokens: tuple[Token, ...]) -> list[tuple[int, int]]:
    """Find technical phrases; half-open ranges of token numbers."""
    found = []
    index = 0
    table = tables.phrases()
    words = [plain(token.text).replace("’", "'").removesuffix("'s").replace("'", "") for token in tokens]
    while index < len(words):
        step = 1
        for parts in table.get(words[index], ()):
            if tuple(words[index : index + len(parts)]) == parts:
                found.append((index, index + len(parts)))
                step = len(parts)
                break
        index += step
    return found


def numbered_phrases(tokens: tuple[Token, ...]) -> list[tuple[int, int]]:
    """Half-open character spans of phrases with a number in them: their M20 is no man of twenty."""
    return [
        (tokens[first].start, tokens[past - 1].end)
        for first, past in phrase_spans(tokens)
        if any(token.digits for token in tokens[first:past])
    ]
