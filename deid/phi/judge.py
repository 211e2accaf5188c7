"""Judges one line: the technical is kept, everything else must show that it does not identify."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, replace

from deid.phi import tables
from deid.phi.closure import SEXES, grown, placed, surroundings
from deid.phi.glue import apart
from deid.phi.known import Needle, known_marks
from deid.phi.labels import LabelHit, claim, claims, find_labels
from deid.phi.patterns import Mark, overlap, pattern_marks, row_marks, technical_spans
from deid.phi.sex import sex_letters, without_sex
from deid.phi.tokens import HARMLESS, Token, meets, numbered_phrases, phrase_spans, strength, tokenise
from deid.phi.unknown import Kept, Line, judge_unknown
from deid.types import PhiCategory

_DECIMAL = re.compile(r"\s*\d{1,5}[.,]\d{1,3}\s*")
_CLOCK = re.compile(r"\s*\d{1,3}(?::\d{2}){1,2}(?:\.\d{1,3})?\s*")


@dataclass(frozen=True, slots=True)
class Neighbours:
    """The labels that stand left of a line and above it, where there are any."""

    left: tables.Label | None = None
    above: tables.Label | None = None


@dataclass(frozen=True, slots=True)
class Verdict:
    """What was found on a line, and the unknown words that stay, each with its reason."""

    marks: tuple[Mark, ...]
    kept: tuple[Kept, ...]


def judge(text: str, beside: Neighbours, sought: tuple[Needle, ...], site: Site, *, header: bool = False) -> Verdict:
    """Judge a line, whatever the policy: `settle` lets go what the policy lets stay.

    In a `header` an unknown word must be like a name to go: descriptions are full of words that no vocabulary holds.
    """
    joined = apart(text)
    text = joined.text
    tokens = tokenise(text)
    protected = technical_spans(text) + numbered_phrases(tokens) + _measured(text, beside)
    hits = find_labels(text, tokens)
    shaped = pattern_marks(text, protected)
    marks = _outside_labels(text, shaped, hits, tokens)
    marks += claims(text, tokens, hits, protected)
    if not hits or hits[0].first > 0:
        before = tokens[: hits[0].first] if hits else tokens
        marks += _from_neighbours(beside, text, before, protected)
    marks += known_marks(text, tokens, sought)
    labelled = {index for hit in hits for index in range(hit.first, hit.past)}
    marks += _foreign(text, [(token.start, token.end) for index, token in enumerate(tokens) if index in labelled])
    unknown, kept = judge_unknown(Line(text, tokens, protected, labelled, _is_state(beside)), marks, site.never)
    marks += [mark for mark in unknown if not header or _like_a_name(mark)]
    marks += site.marks(text)
    marks += row_marks(text, marks, protected)
    marks += [] if 0 in labelled else _surname_in_front(tokens, marks)
    letters = sex_letters(text, tokens, protected, marks)
    marks = grown(text, tokens, protected, labelled, marks)
    if not header:
        hospitals = [
            mark for mark in shaped if mark.evidence == "rule:institution" and any(overlap(mark, other) for other in marks)
        ]
        marks += surroundings(text, tokens, protected, hospitals)
    marks = without_sex(placed(text, tokens, protected, marks), tokens, letters)
    return Verdict(tuple(map(joined.back, marks)), tuple(map(joined.back, kept)))


# The kinds of scan in front of a name have fewer letters.
_SURNAME = 4


def _surname_in_front(tokens: tuple[Token, ...], marks: list[Mark]) -> list[Mark]:
    """HEAD EDITH F 10/28/1927: a word in capitals before a name is part of it where its age or birth stands behind it."""
    if len(tokens) < 3:
        return []
    word = tokens[0].text
    if not word.isupper() or len(word) < _SURNAME or strength(word) not in HARMLESS:
        return []
    dated = any(mark.category in (PhiCategory.DATE, PhiCategory.AGE) for mark in marks)
    named = [mark for mark in marks if mark.category is PhiCategory.NAME and mark.start == tokens[1].start]
    beside = tokens[1].start - tokens[0].end <= 2
    return [Mark(tokens[0].start, tokens[0].end, mark.category, 0.6, "closure", mark.switch) for mark in named if dated and beside]


def _is_state(beside: Neighbours) -> bool:
    """Tell a line that says how far an exam is, by the label beside or above it."""
    return any(label.text in tables.words()["state_labels"] for label in (beside.left, beside.above) if label is not None)


def _measured(text: str, beside: Neighbours) -> list[tuple[int, int]]:
    """What looks like a clock behind or under a technical label is a measure: Fluoro time | 00:12:34, DLP | 1121.30."""
    left, above = (label is not None and label.category == "none" for label in (beside.left, beside.above))
    fits = (left and _CLOCK.fullmatch(text)) or ((left or above) and _DECIMAL.fullmatch(text))
    return [(0, len(text))] if fits else []


def _like_a_name(mark: Mark) -> bool:
    """Tell an unknown word that goes from a header: one that the model takes for a name."""
    return mark.category not in (PhiCategory.NAME, PhiCategory.OTHER) or not mark.evidence.startswith("not-technical")


def _outside_labels(text: str, marks: list[Mark], hits: list[LabelHit], tokens: tuple[Token, ...]) -> list[Mark]:
    """A label stays readable, even where it holds the word hospital or doctor: with its separator, or where it is several words."""
    kept = []
    ends = {tokens[hit.first].start: tokens[hit.past - 1].end for hit in hits if hit.separated or hit.past - hit.first > 1}
    for mark in marks:
        over = [end for start, end in ends.items() if start <= mark.start < end]
        start = max([mark.start, *over])
        while over and start < mark.end and not text[start].isalnum():
            start += 1
        if start < mark.end:
            kept.append(replace(mark, start=start) if over else mark)
    return kept


def doubtful(text: str) -> bool:
    """Tell whether any word of a badly read line is not technical beyond doubt."""
    tokens = tokenise(text)
    phrased = [(tokens[first].start, tokens[past - 1].end) for first, past in phrase_spans(tokens)]
    protected = technical_spans(text) + phrased
    return not tokens or any(
        strength(token.text) not in HARMLESS and not any(s <= token.start and token.end <= e for s, e in protected)
        for token in tokens
    )


def _from_neighbours(beside: Neighbours, text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> list[Mark]:
    marks = []
    if beside.left is not None and tokens:
        marks += claim(beside.left, text, tokens, protected, True, "label-left")
    if beside.above is not None and tokens:
        marks += claim(beside.above, text, tokens, protected, True, "label-above")
    return marks


# What a reader makes of A, E, 6 and 3 that are mirrored or upside down: the rest of such a line is no better.
_IN_A_MIRROR = re.compile(r"[∀∃∂]|ε(?=[\d.:/-])|(?<=[\d.:/-])ε")


def _foreign(text: str, labels: list[tuple[int, int]]) -> list[Mark]:
    """Letters of other scripts than Latin that are no label; Greek letters alone are signs. A line in a mirror goes whole."""
    if _IN_A_MIRROR.search(text):
        return [Mark(0, len(text), PhiCategory.OTHER, 0.8, "script")]
    return [
        Mark(match.start(), match.end(), PhiCategory.OTHER, 0.8, "script")
        for match in re.finditer(r"[^\x00-\u024f\u1e00-\u1eff\u2000-\u2bff\s]+", text)
        if any(unicodedata.category(char)[0] == "L" for char in match.group())
        and not meets(match.start(), match.end(), labels)
        and match.group() not in SEXES
        and not (len(match.group()) == 1 and "GREEK" in unicodedata.name(match.group(), ""))
    ]


@dataclass(frozen=True, slots=True)
class Site:
    """The two word lists of a site; a word of `never` stays unless a known value, a label or a pattern claims it."""

    always: tuple[re.Pattern[str], ...] = ()
    never: frozenset[str] = frozenset()

    def marks(self, text: str) -> list[Mark]:
        """What the site always wants gone."""
        return [
            Mark(match.start(), match.end(), PhiCategory.OTHER, 1.0, "rule:site-always")
            for pattern in self.always
            for match in pattern.finditer(text)
        ]
