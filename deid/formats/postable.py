"""Copies that a phone shows: an X-ray run as GIF or PNG, a frame as JPEG; windowed, with square pixels, without a header."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid.errors import FileRefused
from deid.formats.arrays import PixelFrames
from deid.formats.dicom.frames import DicomFrames
from deid.formats.header import PictureHeader
from deid.formats.raster import RasterFormat, format_of, grey_where_possible, picture_kind, shown
from deid.policy import Policy
from deid.types import Instance, Region

if TYPE_CHECKING:
    from deid.types import Display

# Shown where a header says no time: the usual rate of a cine run.
_USUAL_MS: Final = 1000 / 15


def postable(instance: Instance, policy: Policy) -> tuple[RasterFormat, Instance]:
    """Return a DICOM instance as the picture or film that the policy's `write_as` asks for, and the format that writes it.

    What is compared, read again and masked from here on is what a person will see.

    Raises
    ------
    FileRefused
        Where the object has no pixels to show.
    """
    source = instance.frames
    if not isinstance(source, DicomFrames):
        raise FileRefused("object-refused", "no picture to show")
    kind = picture_kind(policy.write_as, source.count, instance.cine)
    duration = round(source.frame_time_ms or _USUAL_MS)
    header = PictureHeader(kind, (duration,) * source.count if source.count > 1 and instance.cine else ())
    frames = shown(_squared(source), kind)
    covered = tuple(_stretched(region, source.shape(0), frames.shape(0)) for region in instance.covered)
    return format_of(kind), replace(instance, frames=frames, header=header, header_text=(), covered=covered)


def _stretched(region: Region, before: tuple[int, int], after: tuple[int, int]) -> Region:
    """Return the box of a region on a picture of another size, rounded outwards."""
    x0, y0, x1, y1 = region.box
    down, across = after[0] / before[0], after[1] / before[1]
    box = (math.floor(x0 * across), math.floor(y0 * down), math.ceil(x1 * across), math.ceil(y1 * down))
    return Region.from_box(box, region.frames)


def _squared(source: DicomFrames) -> PixelFrames:
    """Return display frames whose pixels are as wide as they are high; the coarser side is enlarged."""
    rows, columns = source.shape(0)
    aspect = source.pixel_aspect
    shape = (max(rows, round(rows * aspect)), max(columns, round(columns / aspect)))

    def decode(index: int) -> Display:
        picture = source.display(index)
        if shape != (rows, columns):
            picture = cv2.resize(picture, shape[::-1], interpolation=cv2.INTER_LINEAR).astype(np.uint8)
        return np.asarray(grey_where_possible(picture))

    return PixelFrames([shape] * source.count, decode)
