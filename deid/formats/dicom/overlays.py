"""Overlay planes (60xx): removed, or kept without what the masks cover where the policy cleans graphics."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from pydicom.dataset import Dataset

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from deid.types import Display, Region

_DATA: Final = 0x3000
# Rows, columns, frames, type, origin, first frame, bits, bit position, subtype, ROI statistics: what places a plane.
NUMBERS: Final = frozenset({0x0010, 0x0011, 0x0015, 0x0040, 0x0050, 0x0051, 0x0100, 0x0102, 0x1301, 0x1302, 0x1303})
TEXTS: Final = frozenset({0x0022, 0x0045, 0x1500})


@dataclass(frozen=True, slots=True)
class Overlay:
    """One overlay: its bits (frames, rows, columns), the pixel of the image where it begins, the first frame it lies on."""

    group: int
    bits: NDArray[np.uint8]
    top: int
    left: int
    first: int

    def on(self, index: int) -> NDArray[np.uint8] | None:
        """Return the plane that lies on a frame; a single plane lies on every frame from its first on."""
        at = index - self.first
        if at < 0 or (at >= len(self.bits) and len(self.bits) > 1):
            return None
        return np.asarray(self.bits[at if len(self.bits) > 1 else 0])


def is_overlay(tag: int) -> bool:
    """Tell whether a tag is of an overlay group."""
    return tag >> 24 == 0x60 and (tag >> 16) % 2 == 0


def overlays_of(dataset: Dataset) -> tuple[Overlay, ...]:
    """Return the overlays that are stored as planes of their own; those in unused pixel bits are cleared with the bits."""
    found = []
    for tag in list(dataset.keys()):
        if is_overlay(tag) and tag.element == _DATA:
            overlay = _overlay(dataset, tag.group)
            if overlay is not None:
                found.append(overlay)
    return tuple(found)


def clean_overlays(clean: Dataset, source: Dataset, masks: Sequence[Region]) -> None:
    """Clear what the masks cover in the overlays that stayed; an overlay that nobody could draw does not stay."""
    readable = {overlay.group: overlay for overlay in overlays_of(source)}
    for tag in filter(is_overlay, list(clean.keys())):
        if tag.group not in readable:
            del clean[tag]
        elif tag.element == _DATA:
            shape = int(source.Rows), int(source.Columns)
            clean[tag].value = without_masked(readable[tag.group], masks, shape)


def _overlay(dataset: Dataset, group: int) -> Overlay | None:
    base = group << 16
    try:
        rows, columns = int(dataset[base | 0x0010].value), int(dataset[base | 0x0011].value)
        frames = int(dataset[base | 0x0015].value) if base | 0x0015 in dataset else 1
        top, left = (int(one) for one in dataset[base | 0x0050].value) if base | 0x0050 in dataset else (1, 1)
        first = int(dataset[base | 0x0051].value) if base | 0x0051 in dataset else 1
        data = np.frombuffer(dataset[base | _DATA].value, np.uint8)
        if rows < 1 or columns < 1 or frames < 1 or rows * columns * frames > len(data) * 8:
            return None
        bits = np.unpackbits(data, bitorder="little")[: rows * columns * frames].reshape(frames, rows, columns)
    except (KeyError, TypeError, ValueError):
        return None
    return Overlay(group, bits, top - 1, left - 1, first - 1)


def drawn(picture: Display, overlays: Sequence[Overlay], index: int) -> Display | None:
    """Return the picture with its overlays in white on it; None where none lies on the frame."""
    out, any_drawn = picture // 2, False
    for overlay in overlays:
        plane = overlay.on(index)
        if plane is None or not plane.any():
            continue
        rows, columns = out.shape[:2]
        inner = plane[max(0, -overlay.top) : max(0, rows - overlay.top), max(0, -overlay.left) : max(0, columns - overlay.left)]
        top, left = max(0, overlay.top), max(0, overlay.left)
        out[top : top + inner.shape[0], left : left + inner.shape[1]][inner > 0] = 255
        any_drawn = True
    return out if any_drawn else None


def without_masked(overlay: Overlay, masks: Sequence[Region], shape: tuple[int, int]) -> bytes:
    """Return the bits of an overlay, cleared under the boxes of the masks and outside the image, where nobody looked."""
    bits = np.zeros_like(overlay.bits)
    top, left = max(0, -overlay.top), max(0, -overlay.left)
    seen = (slice(None), slice(top, max(top, shape[0] - overlay.top)), slice(left, max(left, shape[1] - overlay.left)))
    bits[seen] = overlay.bits[seen]
    for mask in masks:
        x0, y0, x1, y1 = mask.box
        rows = slice(max(0, y0 - overlay.top), max(0, y1 - overlay.top))
        columns = slice(max(0, x0 - overlay.left), max(0, x1 - overlay.left))
        first, past = (at - overlay.first for at in mask.frames)
        planes = slice(0, None) if len(bits) == 1 else slice(max(0, first), max(0, past))
        bits[planes, rows, columns] = 0
    packed = np.packbits(bits.ravel(), bitorder="little").tobytes()
    return packed + b"\0" * (len(packed) % 2)
