"""Huffman tables of JPEG as lookups over every window of 16 bits, and a table made for a histogram."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

_LONGEST_CODE = 16


@dataclass(frozen=True)
class HuffmanTable:
    """A table as DHT writes it: how many codes of each length, 1 to 16, and their symbols in order (T.81 B.2.4.2)."""

    counts: tuple[int, ...]
    symbols: tuple[int, ...]

    @cached_property
    def _codes(self) -> list[tuple[int, int, int]]:
        """(code, length, symbol) of each symbol (T.81 C.2)."""
        found, code, at = [], 0, 0
        for length, count in enumerate(self.counts, start=1):
            for _ in range(count):
                if at >= len(self.symbols) or code >= 1 << length:
                    raise ValueError("table")
                found.append((code, length, self.symbols[at]))
                code, at = code + 1, at + 1
            code <<= 1
        return found

    @cached_property
    def lengths(self) -> NDArray[np.int32]:
        """Length of the code at the start of each window; 0 where no code begins."""
        return self._lookup()[0]

    @cached_property
    def sizes(self) -> NDArray[np.uint8]:
        """Symbol of the code at the start of each window: the size of a difference."""
        return self._lookup()[1]

    @cached_property
    def advance(self) -> NDArray[np.int32]:
        """Bits from the start of a code past its extra bits; 0 where no code begins."""
        extra = np.where(self.sizes == _LONGEST_CODE, 0, self.sizes)
        return np.where(self.lengths > 0, self.lengths + extra, 0).astype(np.int32)

    def _lookup(self) -> tuple[NDArray[np.int32], NDArray[np.uint8]]:
        lengths, sizes = np.zeros(1 << _LONGEST_CODE, np.int32), np.zeros(1 << _LONGEST_CODE, np.uint8)
        for code, length, symbol in self._codes:
            if symbol > _LONGEST_CODE:
                raise ValueError("table")
            first, past = code << (_LONGEST_CODE - length), (code + 1) << (_LONGEST_CODE - length)
            lengths[first:past], sizes[first:past] = length, symbol
        return lengths, sizes

    def codes_by_symbol(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return code and length of each symbol, 0 to 16."""
        codes, lengths = np.zeros(17, np.int64), np.zeros(17, np.int64)
        for code, length, symbol in self._codes:
            codes[symbol], lengths[symbol] = code, length
        return codes, lengths


def lengths_for(histogram: NDArray[np.int64]) -> list[tuple[int, int]]:
    """Return (length, symbol) of a good code for a histogram, shortest first; no code is all ones and none longer than 16."""
    # A symbol that never occurs takes the code of all ones (T.81 K.2).
    groups = [(int(count), [symbol]) for symbol, count in enumerate(histogram) if count] + [(0, [-1])]
    lengths = dict.fromkeys((symbol for _, symbols in groups for symbol in symbols), 0)
    while len(groups) > 1:
        groups.sort(key=lambda group: (-group[0], -len(group[1])))
        (one, first), (other, second) = groups.pop(), groups.pop()
        for symbol in first + second:
            lengths[symbol] += 1
        groups.append((one + other, first + second))
    if max(lengths.values()) > _LONGEST_CODE:
        # An extreme histogram: five bits for each of the 17 sizes lose little, and none is all ones.
        return [(5, symbol) for symbol in range(17)]
    return sorted((length, symbol) for symbol, length in lengths.items() if symbol >= 0)


def table_from_lengths(lengths: list[tuple[int, int]]) -> HuffmanTable:
    """Make the table of a code given by its lengths."""
    counts = [0] * _LONGEST_CODE
    for length, _ in lengths:
        counts[length - 1] += 1
    return HuffmanTable(tuple(counts), tuple(symbol for _, symbol in lengths))
