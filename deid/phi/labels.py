"""Finds labels in a line, and what they claim."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import Final

from rapidfuzz import process
from rapidfuzz.distance import Levenshtein

from deid.phi import tables
from deid.phi.canon import folded, plain
from deid.phi.checks import is_month
from deid.phi.patterns import Mark
from deid.phi.tokens import HARMLESS, STRONG, UNKNOWN, WEAK, Token, meets, strength
from deid.types import PhiCategory

_LONGEST = 5
# After so many words a name may be followed by the kind of exam.
_TWO_NAMES = 2
_SHORT = 3
# A technical word of so many letters ends a name of which a word is unknown: Tech: MNB Protocol 5.
_PLAIN = 6
_SEPARATOR = re.compile(r"\s*[:=#;]+|\s*\.\s*:|\.\s+(?=\S)|\s*[-–]\s(?=\S)")
# A numeric label never claims a value without digits.
_NUMERIC: Final = {"mrn", "accession", "other_id", "national_id", "device_id", "date", "time", "age", "phone"}


# Numbers that letters may be part of: ANGIO-2B.
_CODES: Final = {"mrn", "accession", "other_id", "national_id", "device_id"}
# Numbers of patients rather than of exams: T1 and C5 stand behind Exam.
_PATIENTS: Final = {"mrn", "national_id"}
# These claim everything up to the next label.
_WHOLE: Final = {"network", "email", "location"}


@dataclass(frozen=True, slots=True)
class LabelHit:
    """A label in a line: half-open range of token numbers, and whether a separator follows it."""

    first: int
    past: int
    label: tables.Label
    separated: bool


def find_labels(text: str, tokens: tuple[Token, ...]) -> list[LabelHit]:
    """Find labels, left to right, longest first."""
    keys = [folded(token.text) if token.kind != "number" else "" for token in tokens]
    hits: list[LabelHit] = []
    index = 0
    while index < len(tokens):
        hit = _label_at(text, tokens, keys, index)
        if hit and _begins_a_name(hit, tokens):
            hit = None
        if hit and (
            hit.separated or index == 0 or (hits and hits[-1].past == index and not hits[-1].separated) or _has_value(hit, tokens)
        ):
            hits.append(hit)
        index = hit.past if hit else index + 1
    return hits


def announcing(text: str, tokens: tuple[Token, ...]) -> LabelHit | None:
    """Find the label that a text ends in: what stands beside or under it is its value."""
    hits = find_labels(text, tokens)
    return hits[-1] if hits and hits[-1].past == len(tokens) else None


def bare_label(text: str, tokens: tuple[Token, ...]) -> tables.Label | None:
    """The label of a cell that holds nothing else, where it counts without its colon over and beside numbers only: Ward, FIN."""
    hit = announcing(f"{text.rstrip()}:", tokens)
    if hit is None or hit.first > 0:
        return None
    lists = tables.words()
    return hit.label if hit.label.text in (*lists["places"], *lists["numbered_labels"]) else None


def _begins_a_name(hit: LabelHit, tokens: tuple[Token, ...]) -> bool:
    """Dos Santos: a short label of a number is none where an unknown word follows it."""
    if hit.separated or hit.label.category not in _NUMERIC or len(hit.label.text) > _SHORT or hit.past >= len(tokens):
        return False
    after = tokens[hit.past]
    return after.kind == "word" and strength(after.text) in (UNKNOWN, WEAK) and not is_month(after.text)


def _has_value(hit: LabelHit, tokens: tuple[Token, ...]) -> bool:
    """A numeric label in the middle of a line without a number after it is a word: RUT is a name as well."""
    if hit.label.category not in _NUMERIC or hit.past >= len(tokens):
        return hit.label.category not in _NUMERIC and hit.past - hit.first > 1
    return tokens[hit.past].kind != "word" or is_month(tokens[hit.past].text)


def _label_at(text: str, tokens: tuple[Token, ...], keys: list[str], index: int) -> LabelHit | None:
    table = tables.labels()
    for size in range(min(_LONGEST, len(tokens) - index), 0, -1):
        parts = tuple(keys[index : index + size])
        if any(char in ":=" for char in text[tokens[index].start : tokens[index + size - 1].end]):
            continue
        past = index + size
        separated = _SEPARATOR.match(text, tokens[past - 1].end) is not None
        label = table.get(parts) if all(parts) else None
        if label and size == 1 and not _counts(tokens[index].text, label, separated):
            label = None
        if label and label.text in tables.words()["named_labels"] and text.startswith(",", tokens[past - 1].end):
            label = None
        if label is None and size == 1:
            label = tables.joined_labels().get(keys[index])
        if label is None and size == 1 and separated:
            label = _nearly(tokens[index].text)
        if label:
            return LabelHit(index, past, label, separated)
    return None


def _counts(word: str, label: tables.Label, separated: bool) -> bool:
    """Tell whether a one-word label counts here.

    One of three letters must be spelled as it is, digits for letters apart; a foreign one that is a short word or a place
    needs its separator as well: Sala and Ciudad are names, and so is Ward.
    """
    short = len(label.text) <= _SHORT
    if short and plain(word) != plain(label.text) and not any(map(str.isdigit, word)):
        return False
    place = label.category in ("institution", "location")
    if label.text in tables.words()["colon_labels"]:
        return separated
    needs = (label.language != "en" and (short or place)) or plain(word) in tables.weak()
    return separated or not needs or label.category in _NUMERIC


@lru_cache(maxsize=8192)
def _nearly(word: str) -> tables.Label | None:
    """A longer label with one letter wrong, as engines read it."""
    canonical = folded(word)
    if len(canonical) < 5 or strength(word) in (*HARMLESS, WEAK):
        return None
    best = process.extractOne(canonical, _long_labels(), scorer=Levenshtein.distance, score_cutoff=1 if len(canonical) < 9 else 2)
    return tables.labels()[(best[0],)] if best else None


@cache
def _long_labels() -> list[str]:
    return [parts[0] for parts in tables.labels() if len(parts) == 1 and len(parts[0]) >= 5]


def claims(text: str, tokens: tuple[Token, ...], hits: list[LabelHit], protected: list[tuple[int, int]]) -> list[Mark]:
    """What the labels of a line claim after them."""
    marks: list[Mark] = []
    for number, hit in enumerate(hits):
        past = hits[number + 1].first if number + 1 < len(hits) else len(tokens)
        sure = hit.separated or (hit.label.category == "name" and not hit.label.switch and hit.past - hit.first > 1)
        marks.extend(claim(hit.label, text, tokens[hit.past : past], protected, sure, "label"))
    return marks


def claim(
    label: tables.Label, text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], sure: bool, how: str
) -> list[Mark]:
    """What one label claims of the tokens of a text that follow it, or of a neighbouring line."""
    if label.category == "none" or not tokens:
        return []
    if label.text in tables.words()["body_places"] and _is_medicine(tokens, protected):
        return []
    evidence = f"{how}:{label.category}"
    if label.category == "sex":
        return [_mark(tokens[:1], PhiCategory.OTHER, evidence, label.switch)] if len(tokens[0].text) <= 10 else []
    free = (
        [token for token in tokens if not meets(token.start, token.end, protected)]
        if label.category not in ("phone",)
        else list(tokens)
    )
    if label.category == "name" and not sure and tokens[0].text.islower():
        # "Patient lag ruhig auf dem Tisch" is a sentence.
        return []
    places = (sure or _is_numbered_place(label, tokens, protected)) and _heads_places(label, how)
    if label.category in _NUMERIC and not places:
        named = label.text in tables.words()["places"] and tokens[0] in _joined_to_digits(text, tokens)
        return [
            _mark(run, PhiCategory(label.category), evidence, label.switch)
            for run in _number_runs(label, text, tokens, protected, sure or named)
        ]
    if places and how != "label-above":
        until = _until_measure(text, tokens, protected)
    elif places or (label.category in _WHOLE and sure):
        until = list(tokens)
    else:
        until = _until_technical(tokens, protected, sure)
    if not until and sure and label.switch == "staff":
        until = _initials(tokens)
    if not until and sure and _is_surname(label, tokens):
        until = list(tokens)
    return [_mark(until, PhiCategory(label.category), evidence, label.switch)] if until and (free or places) else []


def _is_surname(label: tables.Label, tokens: tuple[Token, ...]) -> bool:
    """Head and Brain are names where they are all that stands behind Surname or Last name."""
    return label.text in tables.words()["name_parts"] and len(tokens) == 1 and tokens[0].kind == "word" and len(tokens[0].text) > 1


def _is_medicine(tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> bool:
    """Tell a vessel or a measurement under Location from the name of a hospital."""
    return all(strength(token.text) == STRONG or meets(token.start, token.end, protected) for token in tokens)


def _heads_places(label: tables.Label, how: str) -> bool:
    """Whatever stands under Room or Station is the name of one, and whatever stands beside Ward."""
    return (how == "label-above" and label.category == "institution") or label.text in tables.words()["places"]


def _is_numbered_place(label: tables.Label, tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> bool:
    """Room Angio 1 and Bed B 12 need no separator: one word and a number that is no measurement."""
    return (
        label.category == "institution"
        and len(tokens) > 1
        and tokens[0].kind == "word"
        and tokens[1].digits > 0
        and not meets(tokens[1].start, tokens[1].end, protected)
    )


def _until_measure(text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> list[Token]:
    """The name of a room goes on until a measurement begins: Angio 1 | LAO 30; its first word may look like one."""
    begins = [
        first
        for first, past in protected
        if first > tokens[0].start and text[first - 1].isspace() and any(map(str.isalpha, text[first:past]))
    ]
    return [token for token in tokens if token.start < min(begins, default=len(text))]


def _initials(tokens: tuple[Token, ...]) -> list[Token]:
    """Two or three capitals are somebody's initials behind Tech or Operator, technical or not, unless more medicine follows."""
    first, *rest = tokens
    alone = not rest or rest[0].kind != "word" or strength(rest[0].text) not in HARMLESS
    return [first] if first.kind == "word" and first.text.isupper() and len(first.text) <= _SHORT and alone else []


def _mark(tokens: tuple[Token, ...] | list[Token], category: PhiCategory, evidence: str, switch: str) -> Mark:
    return Mark(tokens[0].start, tokens[-1].end, category, 0.9, evidence, switch)


def _until_technical(tokens: tuple[Token, ...], protected: list[tuple[int, int]], sure: bool) -> list[Token]:
    """A name goes on until a technical segment, or until plainly technical words follow words that nobody knows."""
    taken: list[Token] = []
    unknown = 0
    if strength(tokens[0].text) in HARMLESS and (not sure or _plainly_technical(tokens, protected)):
        return []
    for token in tokens:
        if len(taken) >= _TWO_NAMES and plain(token.text) in tables.words()["modalities"]:
            break
        if unknown and len(token.text) >= _PLAIN and strength(token.text) == STRONG:
            break
        if meets(token.start, token.end, protected) or (unknown >= 2 and strength(token.text) in HARMLESS and len(token.text) > 1):
            break
        unknown += strength(token.text) == UNKNOWN
        taken.append(token)
    return taken


def _plainly_technical(tokens: tuple[Token, ...], protected: list[tuple[int, int]]) -> bool:
    """Tell what stands after a label whose value is covered already: Name: (black) CT HEAD; no common name is in the vocabulary."""
    known = [strength(token.text) for token in tokens if not meets(token.start, token.end, protected) and len(token.text) > 1]
    alone = any(len(token.text) == 1 and not meets(token.start, token.end, protected) for token in tokens)
    # Of so short words nobody knows which are names: CAN ER.
    short = all(len(token.text) <= _SHORT and plain(token.text) not in tables.words()["modalities"] for token in tokens)
    return not alone and not short and all(kind in HARMLESS for kind in known) and (STRONG in known or not known)


def _number_runs(
    label: tables.Label, text: str, tokens: tuple[Token, ...], protected: list[tuple[int, int]], sure: bool
) -> list[list[Token]]:
    """The first run of tokens with digits, and what is joined to them (month names beside them for dates)."""
    run: list[Token] = []
    joined = _joined_to_digits(text, tokens) if sure and label.category in _CODES else set()
    words = [token for token in tokens if token.kind != "number"]
    lettered = {
        token.end
        for token in tokens
        for start, end in protected
        if start <= token.start and token.end <= end
        if any(start <= word.start < end for word in words)
    }
    for token in tokens[:12]:
        fits = (
            token.kind != "word"
            or token in joined
            or (label.category == "date" and is_month(token.text))
            or (run and len(token.text) <= 2)
        )
        technical = token.end in lettered or (meets(token.start, token.end, protected) and not sure and not run)
        technical = technical and not (token in joined and label.text in tables.words()["places"])
        # A48 is a patient's number behind MRN, whatever it is elsewhere.
        technical = technical and not (sure and token is tokens[0] and token.kind == "mixed" and label.category in _PATIENTS)
        if fits and not technical:
            run.append(token)
        elif run or (token.kind == "word" and strength(token.text) in HARMLESS and len(token.text) > 2):
            break
    while run and run[-1].kind == "word" and run[-1] not in joined and not is_month(run[-1].text):
        run.pop()
    digits = sum(token.digits for token in run)
    short = digits < 3 and not sure and label.category not in ("age", "date")
    return [run] if digits and not short else []


def _joined_to_digits(text: str, tokens: tuple[Token, ...]) -> set[Token]:
    """Words that no space parts from a number: the ANGIO of ANGIO-2B."""
    groups: list[list[Token]] = []
    for token in tokens:
        joined = groups and re.fullmatch(r"[-_/.\\]", text[groups[-1][-1].end : token.start])
        if joined:
            groups[-1].append(token)
        else:
            groups.append([token])
    return {token for group in groups if any(other.digits for other in group) for token in group}
