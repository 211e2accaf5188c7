"""Colours of 16-bit pictures brought to sRGB by the matrix and the curves of their profile (ICC.1:2022)."""

from __future__ import annotations

import struct
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Stored

    Curve = NDArray[np.float32]

# XYZ under D50, as profiles hold it, to linear sRGB (inverse of IEC 61966-2-1's primaries after Bradford adaptation).
_TO_LINEAR_SRGB = np.array(
    [[3.1338561, -1.6168667, -0.4906146], [-0.9787684, 1.9161415, 0.0334540], [0.0719453, -0.2289914, 1.4052427]], np.float32
)
_FULL = 65535
# Changes of at most three values in 255, as for 8 bit: then the profile is sRGB itself.
_SAME_COLOUR = 3 * 257
_BAND_ROWS = 128


def deep_to_srgb(stored: Stored, profile: bytes | None) -> Stored:
    """Bring 16-bit samples to sRGB in place, (rows, columns, samples); alpha stays, as do pictures whose profile has no matrix."""
    tags = _tags(profile or b"")
    colours = stored.shape[2] - (stored.shape[2] in (2, 4))
    wanted = ("kTRC",) if colours == 1 else ("rTRC", "gTRC", "bTRC")
    curves = [curve for curve in (_curve(tags.get(name, b"")) for name in wanted) if curve is not None]
    matrix = np.ones((1, 1), np.float32) if colours == 1 else _matrix(tags)
    if len(curves) != colours or matrix is None or _changes_nothing(curves, matrix):
        return stored
    for row in range(0, stored.shape[0], _BAND_ROWS):
        band = stored[row : row + _BAND_ROWS, :, :colours]
        band[:] = _converted(band, curves, matrix)
    return stored


def _converted(samples: Stored, curves: list[Curve], matrix: Curve) -> Stored:
    linear = np.stack([curve[samples[..., number]] for number, curve in enumerate(curves)], axis=-1) @ matrix.T
    shown: Stored = np.rint(_srgb_curve(np.clip(linear, 0, 1)) * _FULL).astype(np.uint16)
    return shown


def _changes_nothing(curves: list[Curve], matrix: Curve) -> bool:
    steps = np.linspace(0, _FULL, 6).astype(np.uint16)
    probe = np.stack(np.meshgrid(*[steps] * len(curves)), axis=-1).reshape(1, -1, len(curves))
    return bool(np.abs(_converted(probe, curves, matrix).astype(np.int32) - probe).max() <= _SAME_COLOUR)


def _srgb_curve(linear: Curve) -> Curve:
    bright = 1.055 * np.power(np.maximum(linear, 0.0031308), 1 / 2.4) - 0.055
    return np.where(linear <= 0.0031308, 12.92 * linear, bright).astype(np.float32)


def _tags(profile: bytes) -> dict[str, bytes]:
    """Read the tag table of a profile; nothing where it is damaged."""
    if len(profile) < 132 or profile[36:40] != b"acsp":
        return {}
    count = min(int.from_bytes(profile[128:132], "big"), 100)
    tags = {}
    for number in range(count):
        entry = profile[132 + 12 * number : 144 + 12 * number]
        if len(entry) == 12:
            name, offset, size = struct.unpack(">4sII", entry)
            tags[name.decode("latin-1")] = profile[offset : offset + size]
    return tags


def _matrix(tags: dict[str, bytes]) -> Curve | None:
    columns = [tags.get(name, b"") for name in ("rXYZ", "gXYZ", "bXYZ")]
    if any(len(column) < 20 for column in columns):
        return None
    xyz = np.array([struct.unpack(">3i", column[8:20]) for column in columns], np.float32).T / 65536
    return (_TO_LINEAR_SRGB @ xyz).astype(np.float32)


def _curve(tag: bytes) -> Curve | None:
    """Tabulate a tone curve over all 16-bit values (ICC.1:2022, 10.6 and 10.18)."""
    values = np.linspace(0, 1, _FULL + 1, dtype=np.float32)
    if tag[:4] == b"para" and len(tag) >= 16:
        return _parametric(tag, values)
    if tag[:4] != b"curv" or len(tag) < 12:
        return None
    count = int.from_bytes(tag[8:12], "big")
    if count == 0:
        return values
    table = np.frombuffer(tag[12 : 12 + 2 * count], ">u2").astype(np.float32)
    if len(table) != count:
        return None
    if count == 1:
        power: Curve = np.power(values, table[0] / 256).astype(np.float32)
        return power
    tabulated: Curve = np.interp(values, np.linspace(0, 1, count), table / _FULL).astype(np.float32)
    return tabulated


def _parametric(tag: bytes, values: Curve) -> Curve | None:
    kind = int.from_bytes(tag[8:10], "big")
    wanted = {0: 1, 1: 3, 2: 4, 3: 5, 4: 7}.get(kind, 0)
    numbers = [number / 65536 for (number,) in struct.iter_unpack(">i", tag[12 : 12 + 4 * wanted])] if wanted else []
    if not wanted or len(numbers) != wanted:
        return None
    gamma, a, b, c, d, e, f = (*numbers, *[0.0] * (7 - wanted)) if kind else (numbers[0], 1.0, 0.0, 0.0, 0.0, 0.0, 0.0)
    if kind in (1, 2):
        d, e, f, c = (-b / a if a else 0.0), (c if kind == 2 else 0.0), (c if kind == 2 else 0.0), 0.0
    with np.errstate(invalid="ignore"):
        curve = np.where(values >= d, np.power(np.maximum(a * values + b, 0), gamma) + e, c * values + f)
    clipped: Curve = np.clip(np.nan_to_num(curve), 0, 1).astype(np.float32)
    return clipped
