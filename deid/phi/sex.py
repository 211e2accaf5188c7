"""Tells the letter of a patient's sex beside an age or a date from the initial of a name."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.patterns import Mark
from deid.phi.tokens import UNKNOWN, WEAK, Token, meets, strength
from deid.types import PhiCategory

_LETTERS: Final = frozenset("FMWfmw")
# What may stand between the parts of a demographic line; a caret, a dot or a hyphen joins an initial to its name.
_BETWEEN: Final = re.compile(r"[\s,;/|()*#]{1,4}")
# A name of so many words is whole: behind fewer, the letter may be its given name.
_WHOLE_NAME: Final = 2
_DEMOGRAPHIC: Final = {PhiCategory.AGE, PhiCategory.DATE}


def sex_letters(text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], marks: list[Mark]) -> set[int]:
    """Return the numbers of the tokens that are a sex: DOE, JANE F 67Y.

    What is known besides does not count, as it must never free anything.
    """
    shown = [mark for mark in marks if mark.category in _DEMOGRAPHIC and mark.evidence.startswith(("rule:", "label"))]
    dated = [any(mark.start <= token.start and token.end <= mark.end for mark in shown) for token in tokens]
    return {
        index
        for index, token in enumerate(tokens)
        if token.text in _LETTERS
        and (
            (_is_near(text, tokens, index, 1) and dated[index + 1] and _is_behind_whole_name(text, tokens, index))
            or (_is_near(text, tokens, index, -1) and dated[index - 1] and _begins_no_name(text, tokens, protected, index))
        )
    }


def without_sex(marks: list[Mark], tokens: tuple[Token, ...], letters: set[int]) -> list[Mark]:
    """Cut the letters of the sex out of what was taken for names; a known value keeps them."""
    found = []
    for mark in marks:
        inner = [tokens[index] for index in sorted(letters) if mark.start <= tokens[index].start and tokens[index].end <= mark.end]
        if not inner or mark.switch == "sex" or mark.evidence.startswith(("known:", "rule:site")):
            found.append(mark)
            continue
        edges = [mark.start, *(edge for token in inner for edge in (token.start, token.end)), mark.end]
        found += [replace(mark, start=start, end=end) for start, end in zip(edges[::2], edges[1::2], strict=True) if start < end]
    return found


def _is_near(text: str, tokens: tuple[Token, ...], index: int, step: int) -> bool:
    """Tell whether only separators stand between a token and the one beside it."""
    other = index + step
    if not 0 <= other < len(tokens):
        return False
    first, second = sorted((index, other))
    return _BETWEEN.fullmatch(text, tokens[first].end, tokens[second].start) is not None


def _is_hyphened(text: str, tokens: tuple[Token, ...], index: int) -> bool:
    """Tell whether a hyphen joins a word to the one before it: Hohenfels-Lindqvist is one name."""
    return text[tokens[index - 1].end : tokens[index].start] in ("-", "’", "'")


def _is_behind_whole_name(text: str, tokens: tuple[Token, ...], index: int) -> bool:
    """Tell a letter behind no name at all, or behind two words of one."""
    words, at = 0, index
    while at and tokens[at - 1].kind == "word" and (_is_near(text, tokens, at, -1) or _is_hyphened(text, tokens, at)):
        words += not _is_hyphened(text, tokens, at) and plain(tokens[at - 1].text) not in tables.words()["titles"]
        at -= 1
    start = tokens[index].start
    alone = at == index and (start == 0 or _BETWEEN.fullmatch(text[start - 1]) is not None)
    return alone or words >= _WHOLE_NAME


def _begins_no_name(text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], index: int) -> bool:
    """Tell a letter behind an age or date that no name follows: 12.03.1951 M Larsen may be an initial."""
    end = tokens[index].end
    if text[end : end + 1] in tuple(".-'’^"):
        return False
    if not _is_near(text, tokens, index, 1):
        return True
    after = tokens[index + 1]
    return after.kind != "word" or meets(after.start, after.end, protected) or strength(after.text) not in (UNKNOWN, WEAK)
