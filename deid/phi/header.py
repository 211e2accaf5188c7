"""Judges free text of headers: descriptions and protocol names stay, unless they identify."""

from __future__ import annotations

from collections.abc import Sequence

from deid.phi.judge import Neighbours, judge
from deid.phi.known import needles
from deid.phi.patterns import Mark
from deid.phi.settle import settle, site_lists
from deid.phi.tokens import UNKNOWN, strength, tokenise
from deid.policy import Policy
from deid.types import HeaderCut, HeaderText, KnownValue, PhiCategory


def classify_header(texts: Sequence[HeaderText], known: Sequence[KnownValue], policy: Policy) -> tuple[HeaderCut, ...]:
    """Find the spans of header text to cut: known values, dates, numbers, telephone numbers, titled and labelled names.

    A single unknown word stays, because descriptions are full of them; two in a row look like a name and go.
    """
    sought = needles(tuple(known))
    site = site_lists(policy.always_file, policy.never_file)
    cuts = []
    for item in texts:
        text = item.text.reveal()
        if policy.mask_all_text:
            cuts.append(HeaderCut(item.path, 0, len(text), PhiCategory.OTHER, "mask-all-text"))
            continue
        marks = [mark for mark in judge(text, Neighbours(), sought, site).marks if _enough(mark, text)]
        cuts += [HeaderCut(item.path, span.start, span.end, span.category, span.evidence) for span in settle(marks, policy)]
    return tuple(cuts)


def _enough(mark: Mark, text: str) -> bool:
    if mark.evidence == "not-technical":
        return _in_a_row(mark, text)
    return True


def _in_a_row(mark: Mark, text: str) -> bool:
    tokens = tokenise(text)
    unknown = [token.kind == "word" and len(token.text) > 2 and strength(token.text) == UNKNOWN for token in tokens]
    for index, token in enumerate(tokens):
        if token.start == mark.start:
            return unknown[index] and any(unknown[near] for near in (index - 1, index + 1) if 0 <= near < len(tokens))
    return True
