"""Lossless JPEG (ITU T.81 process 14): decode any predictor, encode with the first. Angiography runs are kept in it.

No permissive wheel reads this process, so it is written here in array operations: every bit position is looked up at once
for the code that would begin there, and the chain of codes that really follow each other is then picked out by jumps.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np

from deid.formats.dicom.huffman import HuffmanTable, lengths_for, table_from_lengths
from deid.formats.dicom.streams import segments

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Ints = NDArray[np.int64]

_SOF3, _DHT, _SOS, _DRI, _EOI = 0xC3, 0xC4, 0xDA, 0xDD, 0xD9
# Bytes of entropy-coded data that are looked up together: bounds memory at about 50 times this.
_BLOCK: Final = 1 << 18
# Codes that one jump skips; more needs more tables, fewer needs more steps.
_JUMP_LEVELS: Final = 3
# No code with its extra bits is longer: 16 + 16.
_LONGEST: Final = 32


@dataclass(frozen=True, slots=True)
class _Scan:
    components: tuple[int, ...]
    tables: tuple[HuffmanTable, ...]
    predictor: int
    shift: int
    restart: int
    data: bytes


def decode_lossless(frame: bytes) -> NDArray[np.uint16]:
    """Decode a frame, (rows, columns, samples) uint16.

    Raises
    ------
    ValueError
        Where the stream is not lossless JPEG, is subsampled, or ends early.
    """
    precision, rows, columns, scans = _scans(frame)
    out = np.zeros((rows, columns, sum(len(scan.components) for scan in scans)), np.uint16)
    for scan in scans:
        lines_at_once = rows if scan.restart == 0 else max(1, scan.restart // columns)
        for part, first in zip(_intervals(scan.data), range(0, rows, lines_at_once), strict=False):
            lines = min(lines_at_once, rows - first)
            differences = _differences(part, scan.tables, lines * columns).reshape(lines, columns, -1)
            for at, component in enumerate(scan.components):
                samples = _predicted(differences[..., at], scan.predictor, 1 << (precision - scan.shift - 1))
                out[first : first + lines, :, component] = samples << scan.shift
    return out


def encode_lossless(samples: NDArray[np.uint16], precision: int) -> bytes:
    """Encode (rows, columns, samples) uint16 with predictor 1 and a table made for the frame (process 14, selection value 1)."""
    rows, columns, count = samples.shape
    wide = samples.astype(np.int32)
    left = np.empty_like(wide)
    left[:, 1:], left[1:, 0], left[0, 0] = wide[:, :-1], wide[:-1, 0], 1 << (precision - 1)
    differences = ((wide - left + 0x8000) & 0xFFFF) - 0x8000
    # The one difference of 16 bits is written as +32768 (T.81 H.1.2.2).
    sizes = _SIZES[np.abs(differences)]
    table = table_from_lengths(lengths_for(np.bincount(sizes.ravel(), minlength=17)))
    header = b"\xff\xd8\xff\xc3" + (8 + 3 * count).to_bytes(2, "big") + bytes([precision])
    header += rows.to_bytes(2, "big") + columns.to_bytes(2, "big") + bytes([count])
    header += b"".join(bytes([at + 1, 0x11, 0]) for at in range(count))
    header += b"\xff\xc4" + (3 + 16 + len(table.symbols)).to_bytes(2, "big") + b"\0" + bytes(table.counts) + bytes(table.symbols)
    header += b"\xff\xda" + (6 + 2 * count).to_bytes(2, "big") + bytes([count])
    header += b"".join(bytes([at + 1, 0]) for at in range(count)) + b"\x01\0\0"
    body = _packed(differences.ravel(), sizes.ravel(), table)
    return bytes(header) + body + b"\xff\xd9" + b"\0" * ((len(header) + len(body)) % 2)


def _scans(frame: bytes) -> tuple[int, int, int, list[_Scan]]:
    precision = rows = columns = restart = 0
    ids: list[int] = []
    tables: dict[int, HuffmanTable] = {}
    scans: list[_Scan] = []
    for marker, start, end in segments(frame):
        body = frame[start + 4 : end]
        if marker == _SOF3:
            precision, rows, columns = body[0], int.from_bytes(body[1:3], "big"), int.from_bytes(body[3:5], "big")
            ids = [body[6 + 3 * at] for at in range(body[5])]
            if any(body[7 + 3 * at] != 0x11 for at in range(body[5])) or not 2 <= precision <= 16:
                raise ValueError("sampling")
        elif marker == _DHT:
            tables |= _tables(body)
        elif marker == _DRI:
            restart = int.from_bytes(body[:2], "big")
        elif marker == _SOS:
            head = int.from_bytes(frame[start + 2 : start + 4], "big")
            chosen = [(body[1 + 2 * at], body[2 + 2 * at] >> 4) for at in range(body[0])]
            predictor, shift = body[1 + 2 * len(chosen)], body[3 + 2 * len(chosen)] & 15
            components, used = tuple(ids.index(one) for one, _ in chosen), tuple(tables[table] for _, table in chosen)
            scans.append(_Scan(components, used, predictor, shift, restart, frame[start + 2 + head : end]))
    if not rows or not columns or not scans or sorted(c for s in scans for c in s.components) != list(range(len(ids))):
        raise ValueError("not lossless JPEG")
    return precision, rows, columns, scans


def _tables(body: bytes) -> dict[int, HuffmanTable]:
    found, place = {}, 0
    while place + 17 <= len(body):
        counts = list(body[place + 1 : place + 17])
        symbols = list(body[place + 17 : place + 17 + sum(counts)])
        found[body[place] & 15] = HuffmanTable(tuple(counts), tuple(symbols))
        place += 17 + sum(counts)
    return found


def _intervals(data: bytes) -> list[NDArray[np.uint8]]:
    """Split entropy-coded data at its restart markers and take the stuffed zeros out."""
    raw = np.frombuffer(data, np.uint8)
    after_ff = np.flatnonzero(raw[:-1] == 0xFF)
    restarts = after_ff[(raw[after_ff + 1] & 0xF8) == 0xD0]
    parts, first = [], 0
    for place in [*restarts.tolist(), len(raw)]:
        part = raw[first:place]
        stuffed = np.flatnonzero((part[:-1] == 0xFF) & (part[1:] == 0)) + 1
        parts.append(np.delete(part, stuffed))
        first = place + 2
    return parts


def _differences(data: NDArray[np.uint8], tables: tuple[HuffmanTable, ...], units: int) -> Ints:
    """Decode `units` times one difference for each table, in turn."""
    found: list[Ints] = []
    left, place = units, 0
    padded = np.concatenate([data, np.full(16, 0xFF, np.uint8)])
    while left > 0:
        first = place // 8
        if first >= len(data):
            raise ValueError("ends early")
        block = padded[first : first + _BLOCK + 16]
        values, used = _block(block, place - first * 8, tables, left)
        if used <= place - first * 8 or not len(values):
            raise ValueError("ends early")
        found.append(values)
        left -= len(values)
        place = first * 8 + used
    if place > len(data) * 8:
        raise ValueError("ends early")
    return np.concatenate(found)


def _block(block: NDArray[np.uint8], start: int, tables: tuple[HuffmanTable, ...], units: int) -> tuple[Ints, int]:
    """Decode what begins in a block; return the differences (units, tables) and the bit where the next unit begins."""
    wide = block.astype(np.uint32)
    words = (wide[:-2] << 16) | (wide[1:-1] << 8) | wide[2:]
    windows = ((words[:, None] >> np.arange(8, 0, -1, dtype=np.uint32)) & 0xFFFF).astype(np.uint16).ravel()
    # Only units that begin this far from the end are whole within the block.
    limit = len(windows) - _LONGEST * len(tables) - 1
    places = np.arange(len(windows), dtype=np.int32)
    step = places
    for table in tables:
        step = np.minimum(step + table.advance[windows[step]], len(windows) - 1).astype(np.int32)
    begins = _chain(step, start, limit, units)
    values = np.empty((len(begins), len(tables)), np.int64)
    at = begins
    for column, table in enumerate(tables):
        window = windows[at]
        sizes = table.sizes[window].astype(np.int64)
        if (table.advance[window] == 0).any():
            raise ValueError("no such code")
        extra = windows[at + table.lengths[window]].astype(np.int64) >> (16 - np.minimum(sizes, 16))
        small = extra < (1 << np.maximum(sizes - 1, 0))
        value = np.where(small, extra - (1 << sizes) + 1, extra)
        values[:, column] = np.where(sizes == 0, 0, np.where(sizes == 16, 0x8000, value))
        at = at + table.advance[window]
    return values, int(at[-1]) if len(begins) else start


def _chain(step: NDArray[np.int32], start: int, limit: int, units: int) -> NDArray[np.int32]:
    """Follow `step` from `start`: long jumps one by one, what lies between them all at once."""
    jumps = [step]
    for _ in range(_JUMP_LEVELS):
        jumps.append(jumps[-1][jumps[-1]])
    far, place, stops = jumps[-1], start, []
    for _ in range((units >> _JUMP_LEVELS) + 1):
        if place >= limit:
            break
        stops.append(place)
        following = int(far[place])
        if following <= place:
            break
        place = following
    begins = np.array(stops, np.int32)
    for jump in reversed(jumps[:-1]):
        begins = np.stack([begins, jump[begins]], axis=1).ravel()
    return begins[:units][begins[:units] < limit]


def _predicted(differences: Ints, predictor: int, first: int) -> Ints:
    """Add up differences to samples, modulo 65536 (T.81 H.1.2.1)."""
    total = differences.copy()
    total[0, 0] += first
    if predictor == 1:
        total[:, 0] = np.cumsum(total[:, 0])
        return np.cumsum(total, axis=1) & 0xFFFF
    total[0] = np.cumsum(total[0])
    if predictor == 2:
        return np.cumsum(total, axis=0) & 0xFFFF
    total[0] &= 0xFFFF
    for row in range(1, len(total)):
        total[row] = _line(total[row - 1], total[row], predictor)
    return total


def _line(above: Ints, line: Ints, predictor: int) -> Ints:
    """Add one line's differences to what the predictor says from the line above."""
    before = np.concatenate([[0], above[:-1]])
    if predictor == 3:
        line[0] += above[0]
        line[1:] += above[:-1]
    elif predictor == 4:
        line = above + np.cumsum(line)
    elif predictor == 5:
        line[0] += above[0]
        line[1:] += (above[1:] - before[1:]) >> 1
        line = np.cumsum(line)
    elif predictor in (6, 7):
        line = _one_by_one(above.tolist(), line.tolist(), predictor)
    else:
        raise ValueError("predictor")
    return line & 0xFFFF


def _one_by_one(above: list[int], line: list[int], predictor: int) -> Ints:
    line[0] = (line[0] + above[0]) & 0xFFFF
    for at in range(1, len(line)):
        left = line[at - 1]
        guess = above[at] + ((left - above[at - 1]) >> 1) if predictor == 6 else (left + above[at]) >> 1
        line[at] = (line[at] + guess) & 0xFFFF
    return np.array(line, np.int64)


_SIZES: Final = np.array([0, *(value.bit_length() for value in range(1, 0x8001))], np.uint8)


def _packed(differences: NDArray[np.int32], sizes: NDArray[np.uint8], table: HuffmanTable) -> bytes:
    """Write codes and extra bits one after the other; stuff a zero after each byte of ones."""
    codes, lengths = table.codes_by_symbol()
    wide_sizes = sizes.astype(np.int64)
    extra = np.where(differences < 0, differences + (1 << wide_sizes) - 1, differences)
    # Size 16 has no extra bits.
    extra_bits = np.where(wide_sizes == 16, 0, wide_sizes)
    words = (codes[sizes] << extra_bits) | np.where(wide_sizes == 16, 0, extra)
    counts = lengths[sizes] + extra_bits
    bits: list[NDArray[np.uint8]] = []
    for first in range(0, len(words), _BLOCK):
        word, count = words[first : first + _BLOCK], counts[first : first + _BLOCK]
        ends = np.cumsum(count)
        owner = np.repeat(np.arange(len(word)), count)
        bits.append(((word[owner] >> (ends[owner] - 1 - np.arange(ends[-1]))) & 1).astype(np.uint8))
    stream = np.concatenate(bits)
    padded = np.concatenate([stream, np.ones(-len(stream) % 8, np.uint8)])
    packed = np.packbits(padded)
    return np.insert(packed, np.flatnonzero(packed == 0xFF) + 1, 0).tobytes()
