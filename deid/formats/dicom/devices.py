"""Masks that a site gives its devices: what is covered on every frame of such a device, whatever is read there."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from pydicom.dataset import Dataset

from deid.errors import UsageError
from deid.formats.dicom.walk import items_of, text_of, value_of
from deid.types import ALL_FRAMES, Box, Region

# By what a device is told; texts are patterns with * and ?, whatever the case, numbers are exact.
_TOLD_BY: Final = ("Manufacturer", "ManufacturerModelName", "Modality", "SoftwareVersions", "StationName", "SOPClassUID")
_SIZES: Final = ("Rows", "Columns")
_HINT: Final = "docs/guide/devices.md shows one."
_CORNERS: Final = ("RegionLocationMinX0", "RegionLocationMinY0", "RegionLocationMaxX1", "RegionLocationMaxY1")


@dataclass(frozen=True, slots=True)
class Device:
    """An entry of the site's file: how the device is told, its boxes, and whether all outside ultrasound regions is covered."""

    told_by: tuple[tuple[str, str], ...]
    boxes: tuple[Box, ...]
    outside_regions: bool

    def made(self, dataset: Dataset) -> bool:
        """Tell whether this device made an instance."""
        return all(fnmatchcase(text_of(dataset, name).casefold(), wanted) for name, wanted in self.told_by)


def covered(dataset: Dataset, rows: int, columns: int, device_file: str) -> tuple[Region, ...]:
    """Return what the site's file covers on every frame of an instance.

    Parameters
    ----------
    dataset
        The header: it tells the device and the ultrasound regions.
    rows, columns
        Size of a frame in pixels.
    device_file
        The file that the policy names; empty for none.
    """
    boxes: list[Box] = []
    for device in devices(device_file) if device_file else ():
        if device.made(dataset):
            boxes += device.boxes
            boxes += outside_regions(dataset, rows, columns) if device.outside_regions else ()
    inside = [(x0, y0, min(x1, columns), min(y1, rows)) for x0, y0, x1, y1 in dict.fromkeys(boxes)]
    return tuple(Region.from_box(box, ALL_FRAMES) for box in inside if box[0] < box[2] and box[1] < box[3])


def outside_regions(dataset: Dataset, rows: int, columns: int) -> tuple[Box, ...]:
    """Return boxes that cover all outside the regions of an ultrasound picture (PS3.3 C.8.5.5); none where it names no region."""
    regions = [box for item in items_of(dataset, "SequenceOfUltrasoundRegions") if (box := _region(item, rows, columns))]
    if not regions:
        return ()
    edges = sorted({0, rows, *(y for _, y0, _, y1 in regions for y in (y0, y1))})
    found: list[Box] = []
    for top, bottom in pairwise(edges):
        left = 0
        for x0, _, x1, _ in sorted(box for box in regions if box[1] <= top and bottom <= box[3]):
            if left < x0:
                found.append((left, top, x0, bottom))
            left = max(left, x1)
        if left < columns:
            found.append((left, top, columns, bottom))
    return tuple(found)


@lru_cache(maxsize=8)
def devices(device_file: str) -> tuple[Device, ...]:
    """Read the site's file.

    Raises
    ------
    UsageError
        Where it cannot be read, or an entry is not what it should be.
    """
    try:
        entries = tomllib.loads(Path(device_file).read_text(encoding="utf-8")).get("device", ())
        return tuple(_device(entry) for entry in entries)
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise UsageError("The device file that the policy names cannot be read.", _HINT) from error


def _device(entry: Mapping[str, Any]) -> Device:
    unknown = set(entry) - {*_TOLD_BY, *_SIZES, "cover", "cover_outside_regions"}
    if unknown:
        raise UsageError("The device file has a key that nothing reads.", f"Keys are: {', '.join((*_TOLD_BY, *_SIZES))}, cover.")
    told_by = [(name, str(entry[name]).casefold()) for name in (*_TOLD_BY, *_SIZES) if name in entry]
    boxes = tuple(_box(box) for box in entry.get("cover", ()))
    outside = entry.get("cover_outside_regions", False) is True
    if not told_by or not (boxes or outside):
        raise UsageError("An entry of the device file names no device, or nothing to cover.", _HINT)
    return Device(tuple(told_by), boxes, outside)


def _box(numbers: Sequence[Any]) -> Box:
    x0, y0, x1, y1 = numbers
    if not all(type(number) is int for number in numbers) or not (0 <= x0 < x1 and 0 <= y0 < y1):
        raise UsageError(
            "A box of the device file is no box.", "[x0, y0, x1, y1] in pixels, x to the right, y down; x0 < x1, y0 < y1."
        )
    return x0, y0, x1, y1


def _region(item: Dataset, rows: int, columns: int) -> Box | None:
    """Return a region as a half-open box (the standard names its last pixels); None where it is none of this picture."""
    try:
        x0, y0, x1, y1 = (int(value_of(item, name)) for name in _CORNERS)
    except (TypeError, ValueError):
        return None
    box = (max(0, x0), max(0, y0), min(columns, x1 + 1), min(rows, y1 + 1))
    return box if box[0] < box[2] and box[1] < box[3] else None
