"""JPEG Extended (ITU T.81 process 4) with 12 bits: decoded here, because no permissive wheel reads it.

One grey component, Huffman coded, in one scan: what transfer syntax 1.2.840.10008.1.2.4.51 is used for beside 8 bits.
"""

from __future__ import annotations

from array import array
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from deid.formats.dicom.streams import segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SOF0, _SOF1, _DHT, _SOS, _DQT, _DRI = 0xC0, 0xC1, 0xC4, 0xDA, 0xDB, 0xDD
_SIDE: Final = 8
# Rows and columns of the coefficients in the order in which they are coded (T.81 figure 5).
_ZIGZAG: Final = sorted(range(64), key=lambda at: (at // 8 + at % 8, at // 8 if (at // 8 + at % 8) % 2 else at % 8))


@dataclass(frozen=True, slots=True)
class _Head:
    precision: int
    rows: int
    columns: int
    quantisation: NDArray[np.float64]
    tables: dict[int, list[tuple[int, int]]]
    chosen: tuple[int, int]
    restart: int
    data: bytes


def decode_extended(frame: bytes) -> NDArray[np.uint16]:
    """Decode a frame, (rows, columns, 1) uint16.

    Raises
    ------
    ValueError
        Where the stream is no sequential JPEG of one component, or ends early.
    """
    head = _head(frame)
    down, across = -(-head.rows // _SIDE), -(-head.columns // _SIDE)
    blocks = np.zeros((down * across, 64), np.float64)
    at_once = head.restart or len(blocks)
    parts = _intervals(head.data)
    if len(parts) < -(-len(blocks) // at_once):
        raise ValueError("ends early")
    for part, first in zip(parts, range(0, len(blocks), at_once), strict=False):
        past = min(first + at_once, len(blocks))
        blocks[first:past, _ZIGZAG] = _coefficients(part, head, past - first)
    samples = _samples(blocks * head.quantisation).reshape(down, across, _SIDE, _SIDE).transpose(0, 2, 1, 3)
    level = 1 << (head.precision - 1)
    whole = np.clip(np.rint(samples.reshape(down * _SIDE, across * _SIDE) + level), 0, 2 * level - 1).astype(np.uint16)
    return whole[: head.rows, : head.columns, None]


def _head(frame: bytes) -> _Head:
    size = (0, 0, 0)
    quantisations: dict[int, NDArray[np.float64]] = {}
    tables: dict[int, list[tuple[int, int]]] = {}
    quantisation = restart = 0
    for marker, start, end in segments(frame):
        body = frame[start + 4 : end]
        if marker in (_SOF0, _SOF1):
            size = (body[0], int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big"))
            quantisation = body[8]
            if body[5] != 1 or not all(size):
                raise ValueError("components")
        elif marker == _DQT:
            quantisations |= _quantisations(body)
        elif marker == _DHT:
            tables |= _tables(body)
        elif marker == _DRI:
            restart = int.from_bytes(body[:2], "big")
        elif marker == _SOS:
            past = start + 2 + int.from_bytes(frame[start + 2 : start + 4], "big")
            chosen = body[2] >> 4, 0x10 | body[2] & 15
            return _Head(*size, quantisations[quantisation], tables, chosen, restart, frame[past:end])
    raise ValueError("no scan")


def _quantisations(body: bytes) -> dict[int, NDArray[np.float64]]:
    """Return the tables of a segment by number, in rows and columns."""
    found, place = {}, 0
    while place < len(body):
        kind = ">u2" if body[place] >> 4 else "u1"
        values = np.frombuffer(body, kind, 64, place + 1)
        table = np.zeros(64)
        table[_ZIGZAG] = values
        found[body[place] & 15] = table
        place += 1 + values.nbytes
    return found


def _tables(body: bytes) -> dict[int, list[tuple[int, int]]]:
    """Return (length, symbol) of the code at the start of every window of 16 bits, by class and number of the table."""
    found, place = {}, 0
    while place + 17 <= len(body):
        counts = body[place + 1 : place + 17]
        symbols = body[place + 17 : place + 17 + sum(counts)]
        windows: list[tuple[int, int]] = []
        at = 0
        for length, count in enumerate(counts, start=1):
            for symbol in symbols[at : at + count]:
                windows += [(length, symbol)] * (1 << (16 - length))
            at += count
        if len(windows) > 1 << 16 or at > len(symbols):
            raise ValueError("table")
        # No code begins here: its length of 0 is never legal.
        found[body[place]] = windows + [(0, 0)] * ((1 << 16) - len(windows))
        place += 17 + sum(counts)
    return found


def _intervals(data: bytes) -> list[bytes]:
    """Split entropy-coded data at its restart markers and take the stuffed zeros out."""
    parts, first, place = [], 0, data.find(b"\xff")
    while 0 <= place < len(data) - 1:
        if 0xD0 <= data[place + 1] <= 0xD7:
            parts.append(data[first:place])
            first = place + 2
        place = data.find(b"\xff", place + 2)
    return [part.replace(b"\xff\0", b"\xff") for part in (*parts, data[first:])]


def _coefficients(data: bytes, head: _Head, count: int) -> NDArray[np.int32]:
    """Decode (count, 64) coefficients in the order in which they are coded (T.81 F.2.2)."""
    bits = np.frombuffer(data + b"\xff" * 8, np.uint8).astype(np.uint32)
    # Arrays of the standard library: their numbers come out faster than numpy's, and lie closer than a list's.
    windows = array("I", (bits[:-3] << 24 | bits[1:-2] << 16 | bits[2:-1] << 8 | bits[3:]).tobytes())
    first, others = (head.tables[number] for number in head.chosen)
    place, before, last = 0, 0, len(data) * 8
    blocks = array("i")
    for _ in range(count):
        block = [0] * 64
        at, table = 0, first
        while at < 64:
            length, symbol = table[windows[place >> 3] >> (16 - (place & 7)) & 0xFFFF]
            place += length
            run, size = (symbol >> 4, symbol & 15) if at else (0, symbol)
            if not length or size > 15 or place + size > last:
                raise ValueError("ends early")
            if at and not size and run != 15:
                break
            value = windows[place >> 3] >> (32 - (place & 7) - size) & ((1 << size) - 1) if size else 0
            if size and not value >> (size - 1):
                value -= (1 << size) - 1
            place += size
            at += run
            if at > 63:
                raise ValueError("run")
            if at:
                block[at] = value
            else:
                before = block[0] = before + value
            at, table = at + 1, others
        blocks.extend(block)
    return np.frombuffer(blocks, np.int32).reshape(count, 64)


def _samples(blocks: NDArray[np.float64]) -> NDArray[np.float64]:
    """Undo the cosine transformation of (blocks, 64) coefficients (T.81 A.3.3)."""
    line = np.arange(_SIDE)
    cosines = np.cos((2 * line[:, None] + 1) * line[None] * np.pi / 16) / 2
    cosines[:, 0] /= np.sqrt(2)
    shaped = blocks.reshape(-1, _SIDE, _SIDE)
    return np.asarray(cosines @ shaped @ cosines.T)
