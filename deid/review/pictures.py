"""Renders frames of a source for the page: an overview, and tiles at full resolution; nothing is kept on the disk."""

from __future__ import annotations

import threading
from collections import OrderedDict
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid import formats
from deid.pipeline import open_source
from deid.policy import Policy
from deid.types import Instance

if TYPE_CHECKING:
    from deid.types import Display, Stored

# Long side of the overview: as large as a pane on a large screen, so that tiles are needed only after zooming in.
OVERVIEW: Final = 1600
TILE: Final = 1024
# Decoded files that stay in memory: the one in view, the next one, and the one before.
_KEPT_FILES: Final = 3
_KEPT_FRAMES: Final = 8


@dataclass(frozen=True, slots=True)
class Look:
    """How a frame is shown: one of its looks, or a window over the stored values (0-1, of the frame's own range)."""

    number: int = 0
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What the page must know before it asks for pictures: sizes of all frames, number of looks, and whether windows apply."""

    shapes: tuple[tuple[int, int], ...]
    looks: int
    windowed: bool
    cine: bool


class Pictures:
    """The sources in view, decoded; one thread at a time renders."""

    def __init__(self, policy: Policy) -> None:
        self._policy = policy
        self._turn = threading.Lock()
        self._files: OrderedDict[Path, tuple[str, Instance]] = OrderedDict()
        self._frames: OrderedDict[tuple[Path, str, int, Look], Display] = OrderedDict()

    def layout(self, path: Path) -> Layout:
        """Sizes and ways to look at a source.

        Raises
        ------
        FileRefused
            Where it cannot be read any more.
        """
        with self._turn:
            instance = self._instance(path)[1]
            frames = instance.frames
            windowed = frames.count > 0 and _has_window(frames.stored(0))
            shapes = tuple(frames.shape(index) for index in range(frames.count))
            return Layout(shapes, len(tuple(frames.looks(0))), windowed, instance.cine)

    def overview(self, path: Path, index: int, look: Look) -> bytes:
        """The whole frame as JPEG, at most `OVERVIEW` pixels long; small frames as PNG."""
        picture = self._display(path, index, look)
        scale = OVERVIEW / max(picture.shape[:2])
        if scale < 1:
            columns, rows = (max(1, round(side * scale)) for side in (picture.shape[1], picture.shape[0]))
            picture = cv2.resize(picture, (columns, rows), interpolation=cv2.INTER_AREA).astype(np.uint8)
        return _encoded(picture)

    def tile(self, path: Path, index: int, look: Look, row: int, column: int) -> bytes:
        """A part of the frame at full resolution; empty where there is none."""
        picture = self._display(path, index, look)
        part = picture[row * TILE : (row + 1) * TILE, column * TILE : (column + 1) * TILE]
        return _encoded(part) if part.size else b""

    def _display(self, path: Path, index: int, look: Look) -> Display:
        with self._turn:
            stamp, instance = self._instance(path)
            key = (path, stamp, index, look)
            if key not in self._frames:
                self._frames[key] = _rendered(instance, index, look)
                while len(self._frames) > _KEPT_FRAMES:
                    self._frames.popitem(last=False)
            self._frames.move_to_end(key)
            return self._frames[key]

    def _instance(self, path: Path) -> tuple[str, Instance]:
        found = path.lstat()
        stamp = f"{found.st_size} {found.st_mtime_ns} {found.st_ino}"
        if path not in self._files or self._files[path][0] != stamp:
            data = open_source(path, self._policy)
            self._files[path] = (stamp, formats.recognise(data, path.name).read(data, self._policy))
            while len(self._files) > _KEPT_FILES:
                self._files.popitem(last=False)
        self._files.move_to_end(path)
        return self._files[path]


def _rendered(instance: Instance, index: int, look: Look) -> Display:
    frames = instance.frames
    if look.low is not None and look.high is not None:
        return _windowed(frames.stored(index), frames.black(index)[0], look.low, look.high)
    looks = tuple(frames.looks(index))
    return looks[min(look.number, len(looks) - 1)]


def _has_window(stored: Stored) -> bool:
    return stored.shape[2] == 1 and stored.dtype.itemsize > 1


def _windowed(stored: Stored, black: float, low: float, high: float) -> Display:
    """Show a window of the stored values; `low` and `high` are shares of the frame's range, dark to light."""
    values = np.nan_to_num(stored[..., 0].astype(np.float32))
    first, last = float(values.min()), float(values.max())
    if abs(black - last) < abs(black - first):  # high values show dark
        first, last = last, first
    share = (values - first) / ((last - first) or 1.0)
    grey = np.clip((share - low) / max(high - low, 1e-3), 0, 1) * 255
    return np.repeat(np.round(grey).astype(np.uint8)[..., np.newaxis], 3, axis=2)


def _encoded(picture: Display) -> bytes:
    """PNG where the picture is small, so that letters stay as they are; JPEG of high quality where it is not."""
    colours = cv2.cvtColor(np.ascontiguousarray(picture), cv2.COLOR_RGB2BGR)
    if picture.shape[0] * picture.shape[1] <= 700 * 700:
        return bytes(cv2.imencode(".png", colours, [cv2.IMWRITE_PNG_COMPRESSION, 1])[1].tobytes())
    return bytes(cv2.imencode(".jpg", colours, [cv2.IMWRITE_JPEG_QUALITY, 90])[1].tobytes())
