"""Judges free text of headers: descriptions and protocol names stay, unless they identify."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from functools import lru_cache

from deid.phi.judge import Neighbours, judge
from deid.phi.known import Needle, known_marks, needles
from deid.phi.settle import settle, site_lists
from deid.phi.tokens import HARMLESS, strength, tokenise
from deid.policy import Policy
from deid.types import HeaderCut, HeaderText, KnownValue, PhiCategory, TextSpan

# Characters: longer texts are judged in pieces, each beginning this much before the end of the one before.
_LONGEST, _OVERLAP = 600, 80
_CARETS = re.compile(r"[^\W\d_]{2,}(?:\^[^\W\d_]{2,})+")
# Words that stand together as one: HeadRoutine.
_WORDS = re.compile(r"[^\W\d_][^\W\d_A-Z]+|[A-Z]+(?![^\W\d_A-Z])|[^\W\d_]")
# Judgements that a worker remembers for one case: the files of a series repeat their texts.
_REMEMBERED = 4096


def classify_header(texts: Sequence[HeaderText], known: Sequence[KnownValue], policy: Policy) -> tuple[HeaderCut, ...]:
    """Find the spans of header text to cut: known values, dates, numbers, telephone numbers, titled and labelled names.

    An unknown word stays unless the model takes it for a name: descriptions are full of words that no vocabulary holds.
    """
    shared = tuple(value for value in known if not _of_one_file(value))
    own = needles(tuple(value for value in known if _of_one_file(value)))
    judged = _judged(shared, policy)
    cuts = []
    for item in texts:
        text = _parted(item.text.reveal())
        if policy.mask_all_text:
            cuts.append(HeaderCut(item.path, 0, len(text), PhiCategory.OTHER, "mask-all-text"))
            continue
        # A text that holds a number of this very file is judged for this file alone.
        holds_own = bool(known_marks(text, tokenise(text), own))
        spans = _spans(text, needles(tuple(known)), policy) if holds_own else judged(text)
        cuts += [HeaderCut(item.path, span.start, span.end, span.category, span.evidence) for span in spans]
    return tuple(cuts)


def _parted(text: str) -> str:
    """Write a region and its examination ("HEAD^ROUTINE") with a space instead of the caret, which else stands in names."""
    return _CARETS.sub(lambda found: found.group().replace("^", " ") if _is_technical(found.group()) else found.group(), text)


def _is_technical(text: str) -> bool:
    return all(strength(word) in HARMLESS for part in text.split("^") for word in _WORDS.findall(part))


def _of_one_file(value: KnownValue) -> bool:
    """Tell a value that differs from file to file of a series."""
    return value.keyword.endswith("UID")


@lru_cache(maxsize=16)
def _judged(known: tuple[KnownValue, ...], policy: Policy) -> Callable[[str], tuple[TextSpan, ...]]:
    """Return the judge of the texts of a case under a policy, which remembers what it judged."""
    sought = needles(known)
    return lru_cache(maxsize=_REMEMBERED)(lambda text: _spans(text, sought, policy))


def _spans(text: str, sought: tuple[Needle, ...], policy: Policy) -> tuple[TextSpan, ...]:
    site = site_lists(policy.always_file, policy.never_file)
    marks = [
        replace(mark, start=mark.start + first, end=mark.end + first)
        for first, piece in _pieces(text)
        for mark in judge(piece, Neighbours(), sought, site, header=True).marks
    ]
    return settle(marks, policy)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """Cut a long text at white space into pieces that overlap, with their places: rules were made for lines, not for reports."""
    first = 0
    while len(text) - first > _LONGEST:
        past = max(text.rfind(gap, first + _LONGEST - _OVERLAP, first + _LONGEST) for gap in " \n\t") + 1 or first + _LONGEST
        yield first, text[first:past]
        again = text.find(" ", past - _OVERLAP, past - 1) + 1
        first = again if again > first else past
    yield first, text[first:]
