"""The tables of the room, read once: vocabulary, phrases, labels, grammar, patterns and small word lists."""

from __future__ import annotations

import csv
import hashlib
import re
import string
import tomllib
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any

from deid.phi.canon import folded, plain

# Shorter joined labels are words by chance.
_JOINED = 7
_HERE = Path(__file__).parent


@dataclass(frozen=True, slots=True)
class Label:
    """What a label announces. `category` is one of `PhiCategory`'s, or ``sex``, or ``none`` for labels of technical values."""

    text: str
    language: str
    category: str
    switch: str


@dataclass(frozen=True, slots=True)
class Rule:
    """One pattern: `category` empty for technical grammar, `check` names a test of the match, `switch` a policy switch.

    A line without any character of `wants` cannot match.
    """

    id: str
    pattern: re.Pattern[str]
    category: str = ""
    check: str = ""
    switch: str = ""
    wants: frozenset[str] = frozenset()


@cache
def words() -> dict[str, Any]:
    """The small closed lists of words.toml."""
    return tomllib.loads(_read("words.toml"))


@cache
def technical() -> frozenset[str]:
    """Words that are medicine wherever they stand."""
    return frozenset(_listed("technical.txt")) - weak()


@cache
def common() -> frozenset[str]:
    """Words that mean nothing by themselves."""
    return frozenset((*_listed("common.txt"), *_listed("languages.txt"))) - weak() - technical()


@cache
def small() -> frozenset[str]:
    """Words that somebody is called as well, and that are words of a sentence in small letters."""
    return frozenset(_listed("small.txt"))


@cache
def weak() -> frozenset[str]:
    """Technical words that are names elsewhere."""
    return frozenset(_listed("weak.txt"))


@cache
def technical_folded() -> frozenset[str]:
    """Canonical forms of the longer technical words: what an engine may have read instead."""
    return frozenset(folded(word) for word in technical() if len(word) >= 4)


@cache
def technical_pieces(count: int) -> dict[tuple[int, int, str], tuple[str, ...]]:
    """Canonical forms of the technical words by their length, the number of a piece and the piece."""
    table: dict[tuple[int, int, str], list[str]] = {}
    for form in sorted(technical_folded()):
        for number, (start, size) in enumerate(pieces(len(form), count)):
            table.setdefault((len(form), number, form[start : start + size]), []).append(form)
    return {key: tuple(forms) for key, forms in table.items()}


@cache
def pieces(length: int, count: int) -> tuple[tuple[int, int], ...]:
    """Where the pieces begin into which a word of so many letters is cut, and how long they are."""
    borders = [length * number // count for number in range(count + 1)]
    return tuple((start, end - start) for start, end in pairwise(borders))


@cache
def phrases() -> dict[str, tuple[tuple[str, ...], ...]]:
    """Technical phrases by their first word, longest first, each a tuple of words."""
    table: dict[str, list[tuple[str, ...]]] = {}
    for line in _lines("phrases.txt"):
        parts = tuple(re.findall(r"[^\W_]+", plain(line)))
        table.setdefault(parts[0], []).append(parts)
    return {first: tuple(sorted(rows, key=len, reverse=True)) for first, rows in table.items()}


@cache
def labels() -> dict[tuple[str, ...], Label]:
    """Labels by their folded words."""
    rows = csv.DictReader(_read("labels.csv").splitlines())
    return {
        tuple(folded(part) for part in row["label"].split()): Label(row["label"], row["language"], row["category"], row["switch"])
        for row in rows
    }


@cache
def joined_labels() -> dict[str, Label]:
    """Labels of several words as engines join them: PatientID."""
    joined = {"".join(parts): label for parts, label in labels().items() if len(parts) > 1}
    return {key: label for key, label in joined.items() if len(key) >= _JOINED and (key,) not in labels()}


@cache
def label_words() -> frozenset[str]:
    """Every word of a label, folded: labels stay readable. Zimmer and Sala are names where no label begins with them."""
    names = frozenset(map(folded, words()["named_labels"]))
    return frozenset(part for parts in labels() for part in parts if len(part) > 1) - names


@cache
def grammar() -> tuple[Rule, ...]:
    """The technical grammar, in the order of its file."""
    return _rules("grammar.toml", {})


@cache
def patterns() -> tuple[Rule, ...]:
    """The hard patterns, in the order of their file."""
    lists = words()
    fills = {
        "STREETHEAD": "|".join(lists["street_heads"]),
        "STREETEND": "|".join(lists["street_ends"]),
        "STREET": "|".join(lists["streets"]),
        "RELATIVE": r"(?<![^\W_])(?:" + "|".join(lists["relative"]) + r")(?![^\W_])",
        "TITLE": "|".join(lists["titles"]),
        "EVENT": "|".join(lists["events"]),
        "DATED": "|".join(lists["dated"]),
        "INSTITUTION": "|".join(lists["institutions"]),
        "FIELD": "|".join(lists["fields"]),
        "FIELDEND": "|".join(lists["field_ends"]),
    }
    return _rules("patterns.toml", fills)


def _rules(name: str, fills: dict[str, str]) -> tuple[Rule, ...]:
    table = tomllib.loads(_read(name))
    fills = {**fills, **table["parts"]}
    return tuple(_rule(row, fills) for row in table["rule"])


@cache
def parts(name: str) -> dict[str, str]:
    """The named pieces of the patterns of a file."""
    found: dict[str, str] = tomllib.loads(_read(name))["parts"]
    return found


def _rule(row: dict[str, str], fills: dict[str, str]) -> Rule:
    category, wants = row.get("category", ""), row.get("wants", "")
    pattern = _compiled(row["pattern"], fills, not category)
    return Rule(
        row["id"],
        pattern,
        category,
        row.get("check", ""),
        row.get("switch", ""),
        frozenset(string.digits if wants == "digit" else wants),
    )


def _compiled(pattern: str, fills: dict[str, str], bounded: bool) -> re.Pattern[str]:
    for name, text in fills.items():
        pattern = pattern.replace("{" + name + "}", text)
    # A technical segment neither begins nor ends inside a longer number: 12.03 of 12.03.1956 is not a decimal.
    whole = rf"(?<![^\W_])(?<!\d[.,/:-])(?:{pattern})(?![^\W_])(?![.,/:-]\d)" if bounded else pattern
    return re.compile(whole, re.IGNORECASE)


def _listed(name: str) -> list[str]:
    return [word for line in _lines(name) for word in line.split()]


def _lines(name: str) -> list[str]:
    return [line.strip() for line in _read(name).splitlines() if line.strip() and not line.startswith("#")]


def _read(name: str) -> str:
    return (_HERE / name).read_text(encoding="utf-8")


@cache
def digest() -> str:
    """SHA-256 over all tables of this room, in the order of their names."""
    whole = hashlib.sha256()
    for path in sorted(Path(__file__).parent.iterdir()):
        if path.suffix in (".csv", ".toml", ".txt"):
            whole.update(path.name.encode() + b"\0" + path.read_bytes())
    return whole.hexdigest()
