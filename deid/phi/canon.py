"""Canonical forms for comparison only: accents stripped, case folded, letters and digits that engines confuse made one."""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import NamedTuple

# Confusions that real engines make on small overlay text; the same table folds labels, vocabulary and known values.
_LOOKALIKES = {"0": "o", "1": "l", "i": "l", "|": "l", "!": "l", "5": "s", "$": "s", "8": "b", "2": "z", "6": "g"}
_SPECIAL = {
    "ß": "ss",
    "ł": "l",
    "Ł": "l",
    "ø": "o",
    "Ø": "o",
    "đ": "d",
    "Đ": "d",
    "ı": "i",
    "æ": "ae",
    "Æ": "ae",
    "œ": "oe",
    "Œ": "oe",
}


class Folded(NamedTuple):
    """A folded text and, for each of its characters, where it came from: (start, end) in the raw text."""

    text: str
    starts: tuple[int, ...]
    ends: tuple[int, ...]


@lru_cache(maxsize=4096)
def _plain_char(char: str) -> str:
    if char in _SPECIAL:
        return _SPECIAL[char]
    decomposed = unicodedata.normalize("NFKD", char)
    return "".join(c for c in decomposed if not unicodedata.combining(c)).casefold()


@lru_cache(maxsize=4096)
def _folded_char(char: str) -> str:
    plain = "".join(_LOOKALIKES.get(c, c) for c in _plain_char(char))
    return "".join(_LOOKALIKES.get(c, c) for c in plain if c.isalnum())


@lru_cache(maxsize=8192)
def plain(text: str) -> str:
    """Case folded and without accents; nothing else changed."""
    return text.lower() if text.isascii() else "".join(map(_plain_char, text))


@lru_cache(maxsize=8192)
def folded(text: str) -> str:
    """The canonical form of a word: only letters and digits, lookalikes made one."""
    return "".join(map(_folded_char, text)).replace("rn", "m")


def fold(text: str) -> Folded:
    """Fold a line, remembering where each character came from."""
    chars: list[str] = []
    starts: list[int] = []
    ends: list[int] = []
    for index, char in enumerate(text):
        for canonical in _folded_char(char):
            if canonical == "n" and chars and chars[-1] == "r":
                chars[-1], ends[-1] = "m", index + 1
                continue
            chars.append(canonical)
            starts.append(index)
            ends.append(index + 1)
    return Folded("".join(chars), tuple(starts), tuple(ends))
