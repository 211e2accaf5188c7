"""Lets findings grow: to whole words, over the parts of names and places, over a line that is nothing else."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Final

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.model import believe
from deid.phi.patterns import Mark
from deid.phi.tokens import DAMAGED, HARMLESS, STRONG, UNKNOWN, WEAK, Token, meets, strength
from deid.types import PhiCategory

YEAR: Final = re.compile(r"(?:19|20)\d{2}")
SEXES: Final = frozenset(tables.words()["sexes"])
_NAMED: Final = {PhiCategory.NAME, PhiCategory.INSTITUTION, PhiCategory.LOCATION}
_NUMBERED: Final = {PhiCategory.MRN, PhiCategory.ACCESSION, PhiCategory.OTHER_ID, PhiCategory.DEVICE_ID, PhiCategory.NATIONAL_ID}
# Evidence that says of a word no more than that it is none of ours.
_GUESSED: Final = ("model:", "not-technical", "closure")
_HOUSE: Final = re.compile(r"\d{1,4}[a-z]?\s?,?\s(?:[a-z]{2,8}\s)?[A-ZÀ-Þ][^\W\d_]{2,}(?:[\s.'’-]+[^\W\d_]+){1,4}\W*$")
_ROOMS: Final = ("rule:suite", "rule:room", "closure:room")
_PLACES: Final = {PhiCategory.INSTITUTION, PhiCategory.LOCATION}
# Characters that may stand between the parts of one name.
_WIDEST_GAP = 3
_FRAGMENT = 3
# A technical word of so many letters is no middle name: Werner Radiology.
_MIDDLE = 6
# So many words make a sentence.
_SENTENCE = 4
# A damaged word counts as technical evidence from this length on, where the model agrees.
_LONG, _SURE = 9, 0.9


def supported(tokens: tuple[Token, ...], protected: list[tuple[int, int]], labelled: set[int]) -> bool:
    """Tell whether a line holds anything technical besides labels."""
    return bool(protected) or any(
        (strength(token.text) == STRONG and len(token.text) > 1) or _long_damaged(token.text)
        for index, token in enumerate(tokens)
        if index not in labelled
    )


def is_sentence(tokens: tuple[Token, ...]) -> bool:
    """Tell words of a sentence, most of them in small letters and known, whatever language: a name in it goes alone."""
    words = [token.text for token in tokens if token.kind == "word" and len(token.text) > 1]
    known = [word for word in words if word.islower() and (strength(word) in HARMLESS or plain(word) in tables.small())]
    return len(words) >= _SENTENCE and len(known) * 2 > len(words)


def _long_damaged(word: str) -> bool:
    """A long word of the vocabulary with a letter wrong: nobody is called Angography."""
    return len(word) >= _LONG and strength(word) == DAMAGED and believe(word).none > _SURE


def grown(
    text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], labelled: set[int], marks: list[Mark]
) -> list[Mark]:
    """Return the marks and all that belongs to them; a further mark never makes the result smaller."""
    over = [[mark for mark in marks if mark.start < token.end and token.start < mark.end] for token in tokens]
    more = [
        Mark(token.start, token.end, mark.category, mark.score, mark.evidence, mark.switch)
        for token, touching in zip(tokens, over, strict=True)
        for mark in touching
        if mark.start > token.start or mark.end < token.end
    ]
    fixed = labelled | {index for index, token in enumerate(tokens) if meets(token.start, token.end, protected)}
    more += _prefixes(text, tokens, over)
    lettered = [span for span in protected if not any(map(str.isdigit, text[slice(*span)]))]
    freed = {index for index in fixed - labelled if meets(tokens[index].start, tokens[index].end, lettered)}
    more += _neighbours(text, tokens, fixed, freed, over)
    more += _whole_line(tokens, protected, labelled, marks)
    return marks + more


def surroundings(text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], anchors: list[Mark]) -> list[Mark]:
    """The words around a hospital's: "Regional Spine Clinic, Angio Suite 2" goes whole, up to a label, measurement or clause."""
    if not anchors:
        return []
    clauses = tables.words()["clauses"]
    borders = [
        *protected,
        *(match.span() for match in re.finditer(":", text)),
        *((token.start, token.end) for token in tokens if token.text in clauses),
    ]
    return [
        Mark(token.start, token.end, PhiCategory.INSTITUTION, 0.6, "closure", anchor.switch)
        for anchor in anchors
        for token in tokens
        # Nothing technical stands on the way from the word to its anchor, both included.
        if not meets(min(token.start, anchor.start), max(token.end, anchor.end), borders)
    ]


def placed(text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], marks: list[Mark]) -> list[Mark]:
    """Name what stands around a hospital after it, and take a line whole that begins with the number of a house."""
    certain = {mark.category for mark in marks if not mark.evidence.startswith(_GUESSED)}
    if PhiCategory.INSTITUTION in certain and PhiCategory.NAME not in certain:
        marks = [replace(mark, category=PhiCategory.INSTITUTION) if mark.category is PhiCategory.NAME else mark for mark in marks]
    if certain or protected or not _HOUSE.match(text) or not any(mark.evidence.startswith("model:") for mark in marks):
        return marks
    return [*marks, Mark(tokens[0].start, tokens[-1].end, PhiCategory.LOCATION, 0.6, "closure")]


def _prefixes(text: str, tokens: tuple[Token, ...], over: list[list[Mark]]) -> list[Mark]:
    """Letters that a hyphen joins to a number are part of it: P -7987449."""
    return [
        Mark(token.start, token.end, mark.category, mark.score, mark.evidence, mark.switch)
        for token, after, marks in zip(tokens, tokens[1:], over[1:], strict=False)
        for mark in marks
        if mark.category in _NUMBERED and token.kind == "word" and len(token.text) <= _FRAGMENT
        if re.fullmatch(r"\s?[-_~=]\s?|\.", text[token.end : after.start])
    ]


def _neighbours(text: str, tokens: tuple[Token, ...], fixed: set[int], freed: set[int], over: list[list[Mark]]) -> list[Mark]:
    """Swallow what stands beside a name and is part of it, outwards in both directions.

    `freed` are words of technical segments without a number: between two names they are names too (Silva Lima, Paulo).
    """
    found = []
    for step in (1, -1):
        reach: dict[int, list[Mark]] = {}
        for index in range(len(tokens)) if step > 0 else range(len(tokens) - 1, -1, -1):
            named = [mark for mark in over[index] if mark.category in _NAMED]
            between = index in freed and _is_between(tokens, over, index)
            if (index not in fixed or between) and not _is_sex(text, tokens[index], over[index - 1] if index else []):
                swallowed = [
                    Mark(tokens[index].start, tokens[index].end, near.category, 0.6, _chained(near.evidence), near.switch)
                    for near in reach.get(index - step, ())
                    if (_belongs(tokens, text, index, step, near.category in _PLACES) or _is_between(tokens, over, index))
                    and not (near.evidence in _ROOMS and strength(tokens[index].text) == STRONG)
                ]
                named += swallowed
                found += swallowed
            reach[index] = list({(mark.category, mark.switch): mark for mark in named}.values())
    return found


def _is_sex(text: str, token: Token, before: list[Mark]) -> bool:
    """Tell the sex behind a name that is written with carets: a second initial would have a caret before it, not a space."""
    behind = [mark for mark in before if mark.evidence == "rule:caret-name" and "^" in text[mark.start : mark.end]]
    return (
        token.text in ("F", "M")
        and any(text[mark.end : token.start].isspace() for mark in behind)
        and text[token.end : token.end + 1] in ("", " ")
    )


def _is_between(tokens: tuple[Token, ...], over: list[list[Mark]], index: int) -> bool:
    """Tell a word between two words of a name: Nguyen Thi Hoa."""
    return (
        0 < index < len(tokens) - 1
        and tokens[index].kind == "word"
        and not (strength(tokens[index].text) == STRONG and len(tokens[index].text) >= _MIDDLE)
        and tokens[index + 1].start - tokens[index - 1].end <= len(tokens[index].text) + 2 * _WIDEST_GAP
        and all(any(mark.category is PhiCategory.NAME for mark in over[other]) for other in (index - 1, index + 1))
    )


def _chained(evidence: str) -> str:
    """Evidence of what a room's neighbour takes with it: medicine is never part of the name of a room."""
    return "closure:room" if evidence in _ROOMS else "closure"


def _belongs(tokens: tuple[Token, ...], text: str, index: int, step: int, place: bool) -> bool:
    """Tell whether a token beside a name is part of it."""
    token = tokens[index]
    between = text[tokens[index - 1].end : token.start] if step > 0 else text[token.end : tokens[index + 1].start]
    if len(between) > _WIDEST_GAP or "|" in between:
        return False
    if token.kind == "number":
        least = 1 if between.startswith(".") else 2
        return (step > 0 or index == 0) and least <= len(token.text) <= 4 and not YEAR.fullmatch(token.text)
    return token.kind == "word" and (_part_of_place(token) if place else _part_of_name(token, between))


def _part_of_place(token: Token) -> bool:
    """Words of every kind stand in the names of hospitals; what kind of exam it was does not, nor the verb of a sentence."""
    return plain(token.text) not in tables.words()["modalities"] and token.text not in tables.words()["clauses"]


def _part_of_name(token: Token, between: str) -> bool:
    simple = plain(token.text)
    lists = tables.words()
    if any(char in between for char in ",^*&'’") or between == "-":
        return strength(token.text) not in HARMLESS or "," in between or "^" in between
    if len(simple) == 1:
        return simple not in ("l", "r") or between.strip() == "."
    if simple in (*lists["particles"], *lists["titles"], *lists["suffixes"]):
        return True
    if simple in lists["given"] and between == " " and not token.text.islower():
        return True
    if token.text.islower() and (simple in tables.common() or simple in tables.small()):
        return False
    # Engines put spaces into words: HENRIET TE, PAL MA.
    if len(simple) <= _FRAGMENT and (len(simple) < _FRAGMENT or not token.text.islower()):
        return simple not in lists["modalities"] and (len(simple) < _FRAGMENT or strength(token.text) != STRONG)
    # Of a misread word beside a name nobody knows whether it is one: Collins is nearly "colliding".
    return strength(token.text) in (WEAK, UNKNOWN) or (
        strength(token.text) == DAMAGED and not token.text.islower() and between == " "
    )


def _lettered(tokens: tuple[Token, ...], span: tuple[int, int]) -> bool:
    return any(token.kind != "number" for token in tokens if span[0] <= token.start and token.end <= span[1])


def _whole_line(tokens: tuple[Token, ...], protected: list[tuple[int, int]], labelled: set[int], marks: list[Mark]) -> list[Mark]:
    """An address takes its whole line; a name takes a line that holds nothing technical."""
    address = any(mark.category is PhiCategory.LOCATION for mark in marks)
    named = [mark for mark in marks if mark.category in _NAMED]
    # A bare 12/64 or 3.5 beside a name may be the number of a house as well as of a frame.
    if not address and (not named or supported(tokens, [span for span in protected if _lettered(tokens, span)], labelled)):
        return []
    if not address and is_sentence(tokens):
        return []
    kept = labelled
    category = PhiCategory.LOCATION if address else named[0].category
    switch = "" if address or any(not mark.switch for mark in named) else named[0].switch
    return [
        Mark(token.start, token.end, category, 0.6, "closure", switch)
        for index, token in enumerate(tokens)
        if index not in kept and plain(token.text) not in SEXES and not YEAR.fullmatch(token.text)
        if address or not (token.text.islower() and plain(token.text) in tables.common())
    ]
