"""Judges one line: the technical is kept, everything else must show that it does not identify."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.closure import SEXES, YEAR, grown, supported
from deid.phi.known import Needle, known_marks
from deid.phi.labels import claim, claims, find_labels
from deid.phi.patterns import Mark, pattern_marks, technical_spans
from deid.phi.tokens import DAMAGED, HARMLESS, STRONG, WEAK, Token, phrase_spans, strength, tokenise
from deid.types import PhiCategory

# Five digits in a row that no grammar explains are an identifier until shown otherwise.
_MANY_DIGITS, _RECORD_DIGITS = 5, 6
# Shorter pieces are technical by chance.
_JOINED = 4


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The labels that stand left of a line and above it, where there are any."""

    left: tables.Label | None = None
    above: tables.Label | None = None


def judge(text: str, beside: Neighbours, sought: tuple[Needle, ...], site: Site) -> list[Mark]:
    """Return every mark on a line, whatever the policy: `settle` lets go what the policy lets stay."""
    tokens = tokenise(text)
    protected = technical_spans(text)
    marks = pattern_marks(text, protected)
    hits = find_labels(text, tokens)
    marks += claims(text, tokens, hits, protected)
    if not hits or hits[0].first > 0:
        before = tokens[: hits[0].first] if hits else tokens
        marks += _from_neighbours(beside, before, protected)
    marks += known_marks(text, tokens, sought)
    marks += _foreign(text)
    labelled = {index for hit in hits for index in range(hit.first, hit.past)}
    marks += _unexplained(text, tokens, protected, labelled, marks, site)
    marks += site.marks(text)
    return grown(text, tokens, protected, labelled, marks)


def doubtful(text: str) -> bool:
    """Tell whether any word of a badly read line is not technical beyond doubt."""
    tokens = tokenise(text)
    protected = technical_spans(text)
    return not tokens or any(
        strength(token.text) not in HARMLESS and not any(s <= token.start and token.end <= e for s, e in protected)
        for token in tokens
    )


def _from_neighbours(beside: Neighbours, tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> list[Mark]:
    marks = []
    if beside.left is not None and tokens:
        marks += claim(beside.left, tokens, protected, True, "label-left")
    if beside.above is not None and tokens:
        marks += claim(beside.above, tokens, protected, True, "label-above")
    return marks


def _foreign(text: str) -> list[Mark]:
    """Letters of other scripts than Latin; Greek letters alone are signs."""
    return [
        Mark(match.start(), match.end(), PhiCategory.OTHER, 0.8, "script")
        for match in re.finditer(r"[^\x00-\u024f\u1e00-\u1eff\u2000-\u2bff\s]+", text)
        if any(unicodedata.category(char)[0] == "L" for char in match.group())
        and not (len(match.group()) == 1 and "GREEK" in unicodedata.name(match.group(), ""))
    ]


def _unexplained(
    text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], labelled: set[int], marks: list[Mark], site: Site
) -> list[Mark]:
    """What is neither technical nor a label: unknown words, long numbers, bare years, sex."""
    phrased = {index for first, past in phrase_spans(tokens) for index in range(first, past)}
    found = []
    technical_line = supported(tokens, protected, labelled)
    for index, token in enumerate(tokens):
        if index in labelled or index in phrased or any(token.start < e and s < token.end for s, e in protected):
            continue
        evidence = _doubt(token, technical_line and len(tokens) > 1)
        if evidence == "not-technical" and (site.stays(token.text) or _split_or_glued(tokens, index)):
            continue
        if evidence:
            category = (
                PhiCategory.OTHER_ID
                if evidence == "unexplained-number"
                else PhiCategory.NAME
                if token.kind == "word"
                else PhiCategory.OTHER
            )
            found.append(Mark(token.start, token.end, category, 0.6, evidence, "unsure" if evidence == "not-technical" else ""))
        elif YEAR.fullmatch(token.text):
            found.append(Mark(token.start, token.end, PhiCategory.DATE, 0.7, "rule:year", "year"))
        elif plain(token.text) in SEXES and (len(token.text) > 1 or _beside_age(token, marks)):
            found.append(Mark(token.start, token.end, PhiCategory.OTHER, 0.7, "rule:sex", "sex"))
    return found + _split_numbers(text, tokens, protected)


def _split_or_glued(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell a technical word that an engine cut in two, or two that it joined: L eft, CTHEAD."""
    word = tokens[index].text
    for first, second in ((index - 1, index), (index, index + 1)):
        if 0 <= first and second < len(tokens) and tokens[second].start - tokens[first].end == 1:
            joined = tokens[first].text + tokens[second].text
            if len(joined) >= _JOINED and strength(joined) == STRONG:
                return True
    cuts = range(2, len(word) - _JOINED + 1)
    return any(
        strength(word[:cut]) == STRONG and strength(word[cut:]) == STRONG and (cut >= _JOINED or plain(word[:cut]) in ("ct", "mr"))
        for cut in cuts
    )


def _unexplained_mark(token: Token, evidence: str) -> Mark:
    """A number of six digits that nothing explains is most often the record number."""
    if evidence == "unexplained-number":
        category = PhiCategory.MRN if token.digits >= _RECORD_DIGITS else PhiCategory.OTHER_ID
        return Mark(token.start, token.end, category, 0.6, evidence)
    return Mark(token.start, token.end, PhiCategory.NAME if token.kind == "word" else PhiCategory.OTHER, 0.6, evidence, "unsure")


def _beside_age(token: Token, marks: list[Mark]) -> bool:
    return any(
        (mark.category is PhiCategory.AGE and -3 <= token.start - mark.end <= 3) or mark.start - token.end in range(4)
        for mark in marks
    )


def _doubt(token: Token, supported: bool) -> str:
    """Why a token is not provably harmless; empty where it is. `supported`: the line has other technical evidence."""
    if token.kind == "number":
        return "unexplained-number" if len(token.text) >= _MANY_DIGITS else ""
    if token.kind == "mixed":
        return _doubt_mixed(token, supported)
    if len(token.text) == 1:
        return ""
    known = strength(token.text)
    if known in HARMLESS or (supported and known in (WEAK, DAMAGED)):
        return ""
    return "not-technical"


def _doubt_mixed(token: Token, supported: bool) -> str:
    if token.digits >= _MANY_DIGITS or (token.digits == 4 and len(token.text) > 4):
        return "unexplained-number"
    known = strength(token.text)
    if known in HARMLESS or (known == DAMAGED and supported) or len(token.text) <= 3:
        return ""
    letters = re.sub(r"\d+", " ", token.text).split()
    if all(len(part) == 1 or strength(part) in HARMLESS for part in letters):
        return ""
    return "not-technical"


_GROUPS = re.compile(r"\d+(?:\s?[-.]\s?\d+|\s\d+)+")


def _split_numbers(text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> list[Mark]:
    """Numbers of many digits that an engine cut with spaces, hyphens or dots."""
    marks = []
    for match in _GROUPS.finditer(text):
        start, end = match.span()
        digits = sum(map(str.isdigit, match.group()))
        longest = max(len(part) for part in re.findall(r"\d+", match.group()))
        tight = not re.search(r"\d\s\d", match.group())
        if digits >= 6 and (tight or longest >= 3) and not any(start < e and s < end for s, e in protected):
            marks.append(Mark(start, end, PhiCategory.OTHER_ID, 0.6, "unexplained-number"))
    return marks


@dataclass(frozen=True, slots=True)
class Site:
    """The two word lists of a site, folded for comparison."""

    always: tuple[re.Pattern[str], ...] = ()
    never: frozenset[str] = frozenset()

    def marks(self, text: str) -> list[Mark]:
        """What the site always wants gone."""
        return [
            Mark(match.start(), match.end(), PhiCategory.OTHER, 1.0, "rule:site-always")
            for pattern in self.always
            for match in pattern.finditer(text)
        ]

    def stays(self, word: str) -> bool:
        """Tell a word that the site wants to keep; known values and labelled names go all the same."""
        return plain(word) in self.never
