"""Names of clean files: they carry nothing of the source's, and the same source gets the same name in any order."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from typing import Final

from deid.batch.ledger import Entry, Ledger
from deid.keys import Key
from deid.policy import Policy

_CODE: Final = 12
# What a kept name may be made of; anything else is coded.
_PLAIN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9 _.+-]{0,80}")
_ORDERED: Final = re.compile(r".*/(\d{4,})-[a-z2-7]+")


def name(entry: Entry, ledger: Ledger, policy: Policy, key: Key) -> str:
    """Return the name of an input's output, relative to the clean folder and without extension.

    Parameters
    ----------
    entry
        The input; its content is known.
    ledger
        Knows the names that are taken.
    policy, key
        How names are made.
    """
    group = key.code("group", entry.label.encode("utf-8", "surrogateescape"), length=_CODE)
    may_keep = policy.names == "keep" and _is_clean(entry, ledger)
    for code in _codes(entry, key):
        stem = f"{group}/{_leaf(entry, ledger, policy, group, code, may_keep)}"
        owner = ledger.owner(stem)
        if owner is None or owner.id == entry.id or _given_up(owner, entry, ledger):
            return stem
        may_keep = False  # another file of this folder has that name already, with another extension
    raise AssertionError("codes do not end")


def _is_clean(entry: Entry, ledger: Ledger) -> bool:
    """Tell whether a source's own name may be kept: the survey found it clean, and no value of its case is in it."""
    from deid.phi import find_known

    own = entry.path.stem
    return bool(entry.may_keep and _PLAIN.fullmatch(own) and not find_known(own, ledger.known(entry.id)))


def _codes(entry: Entry, key: Key) -> Iterator[str]:
    """The name's code, then those of further copies of the same file in the same folder."""
    label = entry.label.encode("utf-8", "surrogateescape")
    content = bytes.fromhex(entry.input_id)
    yield key.code("output", label, content, length=_CODE)
    copy = 2
    while True:
        yield key.code("output", label, content, b"%d" % copy, length=_CODE)
        copy += 1


def _leaf(entry: Entry, ledger: Ledger, policy: Policy, group: str, code: str, may_keep: bool) -> str:
    own = entry.path.stem
    if may_keep:
        return own
    if policy.names == "ordered":
        return f"{_number(entry, ledger, group):04d}-{code}"
    return code


def _number(entry: Entry, ledger: Ledger, group: str) -> int:
    """The place of an input in its folder: the one that it has already, else the next."""
    if entry.stem and (own := _ORDERED.fullmatch(entry.stem)):
        return int(own[1])
    return ledger.last_number(group) + 1


def _given_up(owner: Entry, entry: Entry, ledger: Ledger) -> bool:
    """Take a name over from a row whose source is gone or put away: the same file, moved, renamed or put in again."""
    if owner.input_id != entry.input_id or (os.path.lexists(owner.path) and not owner.moved):
        return False
    ledger.inherit(entry.id, owner.id)
    return True
