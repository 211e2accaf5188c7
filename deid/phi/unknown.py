"""Judges what no pattern, label or known value claimed: words that are not provably technical, unexplained numbers."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Final

from deid.phi import tables
from deid.phi.canon import plain
from deid.phi.closure import SEXES, YEAR, is_sentence, supported
from deid.phi.model import NAME, believe
from deid.phi.patterns import Mark
from deid.phi.tokens import DAMAGED, HARMLESS, STRONG, WEAK, Token, meets, phrase_spans, strength
from deid.types import PhiCategory

# Five digits in a row that no grammar explains are an identifier until shown otherwise; six are most often the record number.
_MANY_DIGITS, _RECORD_DIGITS, _LONG_NUMBER = 5, 6, 9
# Shorter pieces are technical by chance.
_JOINED, _LEAST = 4, 3
_SCANS: Final = frozenset({"ct", "cta", "ctp", "mr", "mra", "mri", "mrv", "dsa", "xr", "pet"})
# Letters of the vocabulary with more digits behind them are the name of a machine as often as medicine; so is a whole word of so
# many letters with two: NEURO68.
_FEW_DIGITS, _WHOLE_WORD = 2, 5
# A misread word of at least so many letters is told from names even where it stands alone.
_LONG = 8
# The model spares a word above the first belief (0.3 % of names never seen reach it), and calls it a name below the second.
_SURE, _NAMELIKE = 0.9, 0.8
# Below this a word that is nearly technical is nearer to names: Collins, not "colliding".
_NEARLY = 0.35
_SHAPED: Final = {PhiCategory.NETWORK, PhiCategory.EMAIL, PhiCategory.AGE}
_SWITCHES: Final = {"staff", "institution", "device"}
_NOT_TECHNICAL, _NUMBER = "not-technical", "unexplained-number"


@dataclass(frozen=True, slots=True)
class Kept:
    """A word that the vocabulary does not know and that stays all the same, with the reason."""

    start: int
    end: int
    evidence: str


@dataclass(frozen=True, slots=True)
class Line:
    """What is known of a line before its unknown words are judged."""

    text: str
    tokens: tuple[Token, ...]
    protected: list[tuple[int, int]]
    labelled: set[int]
    is_state: bool = False
    """Whether a label says that it tells how far an exam is."""

    def settled(self, index: int) -> bool:
        """Whether a token is a label or part of a technical segment."""
        token = self.tokens[index]
        return index in self.labelled or meets(token.start, token.end, self.protected)


def judge_unknown(line: Line, marks: list[Mark], never: frozenset[str]) -> tuple[list[Mark], list[Kept]]:
    """Judge every token that is neither label nor technical segment; `marks` is what was found so far."""
    phrased = {index for first, past in phrase_spans(line.tokens) for index in range(first, past)}
    # Words inside a network address or an age are no names; what is known does not count, so that it never frees anything.
    shaped = [mark for mark in marks if mark.evidence.startswith("rule:") and mark.category in _SHAPED]
    rest = [
        index
        for index, token in enumerate(line.tokens)
        if index not in phrased
        and not line.settled(index)
        and not any(mark.start <= token.start and token.end <= mark.end for mark in shaped)
    ]
    technical = supported(line.tokens, line.protected, line.labelled) if len(line.tokens) > 1 else _may_stand_alone(line)
    found = _split_numbers(line, marks)
    kept: list[Kept] = []
    open_words: list[int] = []
    for index in rest:
        token = line.tokens[index]
        doubt = _doubt(token, technical)
        if doubt == _NUMBER:
            found.append(_number(token))
        elif doubt:
            reason = _excused(line.tokens, index, never)
            if reason:
                kept.append(Kept(token.start, token.end, reason))
            else:
                open_words.append(index)
        else:
            found += _plain(token, marks)
    spared = _spared(line, open_words, technical, [*marks, *found])
    kept += [Kept(line.tokens[index].start, line.tokens[index].end, f"model:{NAME}") for index in sorted(spared)]
    found += [_unknown(line.tokens[index]) for index in open_words if index not in spared]
    return [replace(mark, switch=_claimed(mark, marks) or mark.switch) for mark in found], kept


def _may_stand_alone(line: Line) -> bool:
    """Tell a technical word that is a name elsewhere from a name where it is all of a line: Read under Status, Post on a series."""
    word = line.tokens[0].text if line.tokens else ""
    told = [*tables.words()["annotations"], *(tables.words()["states"] if line.is_state else ())]
    return strength(word) == WEAK and plain(word) in told


def _claimed(mark: Mark, marks: list[Mark]) -> str:
    """The switch of a label or title that claims an unknown word: where staff may stay, so may the words of a staff name."""
    over = {other.switch for other in marks if other.start <= mark.start and mark.end <= other.end}
    return next(iter(over & _SWITCHES), "") if over <= _SWITCHES else ""


def _doubt(token: Token, technical: bool) -> str:
    """Why a token is not provably harmless; empty where it is. `technical`: the line has other technical evidence."""
    if token.kind == "number":
        return _NUMBER if len(token.text) >= _MANY_DIGITS else ""
    if token.digits >= _MANY_DIGITS or (token.digits == _MANY_DIGITS - 1 and len(token.text) >= _MANY_DIGITS):
        return _NUMBER
    known = strength(token.text)
    if known in HARMLESS or len(token.text) == 1 or (technical and known == WEAK):
        return ""
    if known == DAMAGED and technical and believe(token.text).none > _NEARLY:
        return ""
    if token.kind == "mixed" and (len(token.text) <= 3 or _technical_letters(token)):
        return ""
    return _NOT_TECHNICAL


def _technical_letters(token: Token) -> bool:
    """Tell a word whose letters are technical without its few digits: MCA2, SL10; AXIS52 is a station."""
    word = token.text
    once = re.fullmatch(r"\D*\d+\D*", word) is not None
    return (
        once
        and token.digits <= (_FEW_DIGITS if len(word) - token.digits < _WHOLE_WORD else 1)
        and all(len(part) == 1 or strength(part) in HARMLESS for part in re.sub(r"\d+", " ", word).split())
    )


def _excused(tokens: tuple[Token, ...], index: int, never: frozenset[str]) -> str:
    """Why a word stays that the vocabulary does not know as it stands."""
    if plain(tokens[index].text) in never:
        return "rule:site-never"
    if _split_or_glued(tokens, index) or _is_keyword(tokens[index].text):
        return "rule:split-word"
    word = tokens[index].text
    if word.islower() and plain(word) in tables.small() and is_sentence(tokens):
        return "rule:small-word"
    return ""


def _is_keyword(word: str) -> bool:
    """Tell words that begin with capitals and stand together as one, none of them a name: ReferringPhysicianName."""
    parts = _CAPITALS.findall(word)
    return len(parts) > 1 and "".join(parts) == word and all(len(part) > 1 and strength(part) in HARMLESS for part in parts)


_CAPITALS: Final = re.compile(r"[A-Z][a-z]+|[A-Z]+(?![a-z])")


def _split_or_glued(tokens: tuple[Token, ...], index: int) -> bool:
    """Tell a technical word that an engine cut in two, or two that it joined: L eft, CTHEAD."""
    word = tokens[index].text
    for first, second in ((index - 1, index), (index, index + 1)):
        if first >= 0 and second < len(tokens) and tokens[second].start - tokens[first].end == 1:
            joined = tokens[first].text + tokens[second].text
            if len(joined) >= _JOINED and strength(joined) == STRONG:
                return True
    return any(
        strength(word[:cut]) == STRONG and strength(word[cut:]) == STRONG and _may_part(word, cut)
        for cut in range(2, len(word) - _LEAST + 1)
    )


def _may_part(word: str, cut: int) -> bool:
    """Whether a word may be two: both long (but no Burnside), one of them short and of another case, or a kind of scan."""
    first, second = cut, len(word) - cut
    changes = word[cut - 1].isupper() != word[cut].isupper()
    return (
        (min(first, second) >= _JOINED and (changes or believe(word).none > _NEARLY))
        or (second >= _JOINED and plain(word[:cut]) in _SCANS)
        or (changes and min(first, second) >= _LEAST)
    )


def _spared(line: Line, open_words: list[int], technical: bool, marks: list[Mark]) -> set[int]:
    """Words that the model spares: few of them, in a line that is technical and holds nothing identifying."""
    if any(mark.switch not in ("year", "sex") for mark in marks) or len(open_words) > 1 + len(line.tokens) // 4:
        return set()
    return {index for index in open_words if _surely_technical(line.tokens[index], technical)}


def _surely_technical(token: Token, technical: bool) -> bool:
    """In a technical line the model's word is enough; a word alone must be long and nearly one of the vocabulary as well."""
    if token.kind != "word":
        return False
    none = believe(token.text).none
    alone = strength(token.text) == DAMAGED and (none > _SURE or (len(token.text) >= _LONG and none > _NEARLY))
    return alone or (technical and none > _SURE)


def _unknown(token: Token) -> Mark:
    """An unknown word: the model says whether it is like a name, or only not technical."""
    if token.kind != "word":
        misread = len(token.text) >= _JOINED and token.digits * 2 < len(token.text)
        category = PhiCategory.NAME if misread else PhiCategory.OTHER
        return Mark(token.start, token.end, category, 0.6, _NOT_TECHNICAL, "unsure")
    belief = believe(token.text)
    if belief.none < _NAMELIKE:
        return Mark(token.start, token.end, PhiCategory.NAME, round(1 - belief.none, 2), f"model:{NAME}")
    return Mark(token.start, token.end, PhiCategory.NAME, 0.5, _NOT_TECHNICAL, "unsure")


def _plain(token: Token, marks: list[Mark]) -> list[Mark]:
    """A bare year or the patient's sex: the policy decides."""
    if YEAR.fullmatch(token.text):
        return [Mark(token.start, token.end, PhiCategory.DATE, 0.7, "rule:year", "year")]
    if plain(token.text) in SEXES and (len(token.text) > 1 or _beside_age(token, marks)):
        return [Mark(token.start, token.end, PhiCategory.OTHER, 0.7, "rule:sex", "sex")]
    return []


def _beside_age(token: Token, marks: list[Mark]) -> bool:
    ages = [mark for mark in marks if mark.category is PhiCategory.AGE]
    return any(token.start - mark.end in range(4) or mark.start - token.end in range(4) for mark in ages)


def _number(token: Token) -> Mark:
    category = PhiCategory.MRN if token.digits >= _RECORD_DIGITS else PhiCategory.OTHER_ID
    return Mark(token.start, token.end, category, 0.6, _NUMBER)


def _without(text: str, start: int, end: int) -> str:
    """A text in which a part holds no digit any more."""
    return text[:start] + "/" * (end - start) + text[end:]


def _are_measures(text: str) -> bool:
    """Tell a row of decimal numbers, as the tables of dose reports hold them: 42.10 812.4 1.0."""
    numbers = text.split()
    decimals = [number for number in numbers if _DECIMAL.fullmatch(number)]
    return len(decimals) >= 2 and all(number in decimals or len(number) < _RECORD_DIGITS - 2 for number in numbers)


_DECIMAL: Final = re.compile(r"\d{1,4}[.,]\d{1,2}")
_PLAIN_DATES: Final = ("rule:date-ymd", "rule:date-dmy", "rule:date-month-name")
_GROUPS: Final = re.compile(r"\d+(?:\s?[-.=~*_]\s?\d+|\s\d+)+")


def _split_numbers(line: Line, found: list[Mark]) -> list[Mark]:
    """Numbers of many digits that an engine cut with spaces, hyphens or dots; a date beside them is none of theirs."""
    marks = []
    text = line.text
    for date in found:
        if date.category is PhiCategory.DATE and date.evidence in _PLAIN_DATES:
            text = _without(text, date.start, date.end)
    for start, end in line.protected:
        if any(map(str.isalpha, text[start:end])):
            text = _without(text, start, end)
    for match in _GROUPS.finditer(text):
        start, end = match.span()
        groups = re.findall(r"\d+", match.group())
        loose = re.search(r"\d\s\d", match.group()) is not None
        digits = len("".join(groups))
        if digits < _RECORD_DIGITS or (loose and max(map(len, groups)) < 3) or _are_measures(match.group()):
            continue
        over = [line.text[s:e] for s, e in line.protected if start < e and s < end]
        # Nine digits are no measurement, whatever sign or decimal point the engine saw among them.
        if not over or (digits >= _LONG_NUMBER and not any(map(str.isalpha, "".join(over)))):
            marks.append(Mark(start, end, PhiCategory.MRN, 0.6, _NUMBER))
    return marks
