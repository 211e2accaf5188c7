"""Finds any of many byte strings in contents in one go: one after the other they take a hundred times as long."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.contents import Contents, parts_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

# So many bytes of each string are looked at in the first place …
_HEAD: Final = 4
# … in so many groups, a bit each: where no group has all of a place's bytes in their order, none of its strings begins there.
_GROUPS: Final = 8
_PIECE: Final = 2**20


def holds_any(contents: Contents, sought: Sequence[bytes]) -> bool:
    """Tell whether any of the byte strings is somewhere in the contents."""
    short = [text for text in sought if len(text) < _HEAD]
    if any(text in contents for text in short):
        return True
    by_head: dict[bytes, list[bytes]] = {}
    for text in sorted(set(sought) - set(short)):
        by_head.setdefault(text[:_HEAD], []).append(text)
    if not by_head:
        return False
    tables, longest = _tables(sorted(by_head)), max(map(len, sought))
    held = b""
    for part in parts_of(contents, _PIECE):
        # What may begin in one piece and end in the next is looked at with the next.
        held = held[-longest + 1 :] + part
        for at in _places(held, tables):
            if any(held.startswith(text, at) for text in by_head.get(held[at : at + _HEAD], ())):
                return True
    return False


def _tables(heads: Sequence[bytes]) -> NDArray[np.uint8]:
    """For each of the first bytes: which groups have a string with that byte there; neighbours in the alphabet share a group."""
    tables = np.zeros((_HEAD, 256), np.uint8)
    for number, head in enumerate(heads):
        for at, byte in enumerate(head):
            tables[at, byte] |= 1 << (number * _GROUPS // len(heads))
    return tables


def _places(held: bytes, tables: NDArray[np.uint8]) -> list[int]:
    """Where a string may begin."""
    count = len(held) - _HEAD + 1
    if count <= 0:
        return []
    flat = np.frombuffer(held, np.uint8)
    left = cv2.LUT(flat[:count], tables[0])
    for at in range(1, _HEAD):
        left = cv2.bitwise_and(left, cv2.LUT(flat[at : at + count], tables[at]))
    return [int(at) for at in np.flatnonzero(left)]
