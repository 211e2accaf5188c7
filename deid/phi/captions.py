"""What a post's text gives away: flags with proposed wordings, and questions that only the author can answer.

A caption is prose, so the line classifier's rule (what is not provably technical goes) would leave nothing of it. Here it is the
other way round: what is known to identify is flagged. This warns; it does not prove.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, Final

from deid.phi import tables
from deid.phi.canon import plain
from deid.policy import Policy
from deid.types import PhiCategory

# Below these ages (years) this is said; over 75 is the guidance's own example.
_STAGES: Final = ((2, "an infant"), (13, "a child"), (18, "a teenager"), (40, "a young"), (65, "a middle-aged"), (76, "an older"))
_NOUNS: Final = {
    "m": "man",
    "male": "man",
    "man": "man",
    "gentleman": "man",
    "boy": "man",
    "f": "woman",
    "female": "woman",
    "woman": "woman",
    "lady": "woman",
    "gentlewoman": "woman",
    "girl": "woman",
}
_NUMBERS: Final = {
    "twenty": 20,
    "thirty": 30,
    "forty": 40,
    "fifty": 50,
    "sixty": 60,
    "seventy": 70,
    "eighty": 80,
    "ninety": 90,
    "one": 1,
    "two": 2,
    "three": 3,
    "four": 4,
    "five": 5,
    "six": 6,
    "seven": 7,
    "eight": 8,
    "nine": 9,
}


# What removed words leave behind: double spaces, empty brackets, stray commas, a comma at the beginning.
_TIDY: Final = tuple(
    (re.compile(pattern), instead)
    for pattern, instead in (
        (r"\(\s*[,;]?\s*\)", ""),
        (r"\s+([,.;:!?])(?!\d)", r"\1"),
        (r"([,;])(?:\s*[,;])+", r"\1"),
        (r"[,;]\s*([.;!?])", r"\1"),
        (r"(?m)^[\s,;:.-]+(?=\w)", ""),
        (r"[ \t]{2,}", " "),
    )
)


@dataclass(frozen=True, slots=True)
class CaptionFlag:
    """A part of a caption that gives something away: half-open, in characters; what to say instead, or what to ask the author.

    `suggestion` is empty where the words had better go. `question` is empty where the words are an identifier for certain.
    """

    start: int
    end: int
    category: PhiCategory
    evidence: str
    suggestion: str = ""
    question: str = ""


@dataclass(frozen=True, slots=True)
class CaptionReport:
    """What was found in a caption. `wording` is the caption with every suggestion in place: the author's text, not proven clean."""

    flags: tuple[CaptionFlag, ...]
    wording: str = field(repr=False)

    @property
    def clean(self) -> bool:
        """True where nothing was flagged and nothing needs to be asked."""
        return not self.flags

    @property
    def questions(self) -> tuple[str, ...]:
        """What the author should ask before posting, each once."""
        return tuple(dict.fromkeys(flag.question for flag in self.flags if flag.question))


@dataclass(frozen=True, slots=True)
class _Rule:
    id: str
    category: PhiCategory
    pattern: re.Pattern[str]
    say: str
    question: str
    check: str


def check_caption(text: str, policy: Policy) -> CaptionReport:
    """Flag what a post's text gives away, propose a wording, and ask what only the author knows.

    Staff and institutions are flagged as the policy says (`redact_staff`, `redact_institution`); ages over 89 always, others where
    the policy wants all ages gone.
    """
    flags: list[CaptionFlag] = []
    claimed = [match.span() for pattern in _kept() for match in pattern.finditer(text)]
    for rule in _rules():
        for match in _free(rule.pattern, text, claimed):
            if _CHECKS[rule.check](match, text) and _wanted(rule, match, policy):
                flag = _flag(rule, match, text)
                flags.append(flag)
                claimed.append((flag.start, flag.end))
    flags.sort(key=lambda flag: flag.start)
    return CaptionReport(tuple(flags), _reworded(text, flags))


def _free(pattern: re.Pattern[str], text: str, claimed: list[tuple[int, int]]) -> Iterator[re.Match[str]]:
    """Yield matches that reach into nothing claimed; behind what is claimed the search begins anew."""
    at = 0
    while (match := pattern.search(text, at)) is not None:
        start, end = match.span("name" if "name" in pattern.groupindex else 0)
        behind = max((past for first, past in claimed if start < past and first < end), default=None)
        if behind is None:
            yield match
        at = max(match.end() if behind is None else behind, at + 1)


def _flag(rule: _Rule, match: re.Match[str], text: str) -> CaptionFlag:
    name = "name" if "name" in match.re.groupindex else 0
    start, end = match.span(name)
    if rule.id == "place":
        start, end = match.span()
    end -= len(text[start:end]) - len(text[start:end].rstrip(" ,"))
    start += len(text[start:end]) - len(text[start:end].lstrip(" "))
    return CaptionFlag(start, end, rule.category, f"caption:{rule.id}", _suggestion(rule, match), rule.question)


def _wanted(rule: _Rule, match: re.Match[str], policy: Policy) -> bool:
    if rule.category is PhiCategory.INSTITUTION:
        return policy.redact_institution
    if rule.say == "a colleague":
        return policy.redact_staff
    if rule.category is PhiCategory.AGE and policy.redact_ages == "over-89":
        return _years(match) > 89
    return True


def _suggestion(rule: _Rule, match: re.Match[str]) -> str:
    """The words to put in the place of a match."""
    if rule.category is PhiCategory.AGE and not rule.say:
        return _age_wording(match)
    years = [match[name] for name in ("year", "year2", "year3") if name in match.re.groupindex and match[name]]
    return f"in {years[0]}" if years else rule.say


def _years(match: re.Match[str]) -> int:
    """The age that a match states, in years; 0 where it counts months or days, 90 where it says no number."""
    groups = match.re.groupindex
    if "young" in groups:
        return 0
    if "age" not in groups:
        return 90
    words = match["age"].lower()
    return int(words) if words.isdigit() else sum(_NUMBERS.get(word, 0) for word in re.split(r"[\s-]", words))


def _age_wording(match: re.Match[str]) -> str:
    """An age range in words: 'an 86-year-old man' becomes 'an elderly man over 75'."""
    years = _years(match)
    said = (match["noun"] or "").lower() if "noun" in match.re.groupindex else ""
    noun = _NOUNS.get(said, "patient")
    for below, wording in _STAGES:
        if years < below:
            return wording if below <= 18 else f"{wording} {noun}"
    return f"an elderly {noun} over 75"


def _reworded(text: str, flags: list[CaptionFlag]) -> str:
    """Put every suggestion in place of its flag; questions stay, for they need the author's answer."""
    for flag in reversed(flags):
        if flag.question:
            continue
        said = flag.suggestion
        opening = not text[: flag.start].strip() or text[: flag.start].rstrip()[-1:] in ".!?\n"
        text = text[: flag.start] + (said[:1].upper() + said[1:] if opening else said) + text[flag.end :]
    for pattern, instead in _TIDY:
        text = pattern.sub(instead, text)
    return text.strip()


def _is_unknown(match: re.Match[str], text: str) -> bool:
    """Tell whether any capitalised word of the match is no medicine, no device and no ordinary word."""
    return any(not _is_vocabulary(word) for word in _capitals(match["name"])) and not _is_headline(text)


def _is_unknown_pair(match: re.Match[str], text: str) -> bool:
    """Tell whether one word is unknown and none is plainly medicine or English; words that are names too count for neither."""
    words = _capitals(match["name"])
    return _is_unknown(match, text) and not any(_is_vocabulary(word) and plain(word).lower() not in tables.weak() for word in words)


_CHECKS: Final[dict[str, Callable[[re.Match[str], str], bool]]] = {
    "": lambda match, text: True,
    "unknown": _is_unknown,
    "unknown-pair": _is_unknown_pair,
}


def _capitals(text: str) -> list[str]:
    return [word for word in re.findall(r"[^\W\d_]+", text) if word[0].isupper()]


def _is_headline(text: str) -> bool:
    """Tell whether most words are capitalised, so that a capital says nothing."""
    longer = [word for word in re.findall(r"[^\W\d_]+", text) if len(word) > 3]
    return len(longer) > 5 and sum(word[0].isupper() for word in longer) > 0.75 * len(longer)


def _is_vocabulary(word: str) -> bool:
    lower = plain(word).lower()
    return len(word) < 3 or word.isupper() or lower in _vocabulary() or lower.rstrip("s") in _vocabulary()


@cache
def _vocabulary() -> frozenset[str]:
    """Every word that is medicine, a device, a label or ordinary English."""
    phrases = {part for rows in tables.phrases().values() for row in rows for part in row}
    extra = _read("caption_words.txt").split()
    return tables.technical() | tables.common() | tables.weak() | phrases | frozenset(extra)


@cache
def _kept() -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(pattern, re.IGNORECASE) for pattern in tomllib.loads(_read("captions.toml"))["kept"]["patterns"])


@cache
def _rules() -> tuple[_Rule, ...]:
    table = tomllib.loads(_read("captions.toml"))
    places = tomllib.loads(_read("caption_places.toml"))
    parts = {**table["parts"], "CITY": "|".join(places["cities"]), "LARGE": "|".join(places["large"])}
    return tuple(_compiled(row, parts) for row in table["rule"])


def _compiled(row: dict[str, Any], parts: dict[str, str]) -> _Rule:
    pattern = row["pattern"]
    # Twice: a part may hold a part.
    for _ in range(2):
        for name, part in parts.items():
            pattern = pattern.replace("{" + name + "}", part)
    compiled = re.compile(pattern, re.NOFLAG if row.get("exact") else re.IGNORECASE)
    return _Rule(
        row["id"], PhiCategory(row["category"]), compiled, row.get("say", ""), row.get("question", ""), row.get("check", "")
    )


def _read(name: str) -> str:
    return Path(__file__).with_name(name).read_text(encoding="utf-8")
