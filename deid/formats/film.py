"""Animations as frames: each frame whole, decoded when it is wanted, with its time in ms."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from PIL import Image

from deid.errors import FileRefused
from deid.formats.arrays import PixelFrames
from deid.formats.pillow import decoding, samples

if TYPE_CHECKING:
    from deid.types import Stored

# Viewers show a frame without a time for a tenth of a second.
_UNTIMED = 100


def film_of(
    image: Image.Image, again: Callable[[], Image.Image], *, first: int = 0, orientation: int = 1
) -> tuple[PixelFrames, tuple[int, ...]]:
    """Return the frames of an open animation from `first` on, all of the canvas's size, and their times in ms.

    Frames of one kind: where one frame has colour or alpha, all have. `again` opens the file once more, for going back.

    Raises
    ------
    FileRefused
        Where a frame lies outside the canvas.
    """
    count = getattr(image, "n_frames", 1)
    times, modes = [], set()
    for index in range(first, count):
        _go_to(image, index)
        times.append(round(image.info.get("duration", 0)) or _UNTIMED)
        modes.add(_mode(image))
    mode = _joint_mode(modes)
    shape = (image.width, image.height) if orientation >= 5 else (image.height, image.width)

    def decode(index: int) -> Stored:
        nonlocal image
        with decoding():
            if first + index < image.tell():
                image = again()
            _go_to(image, first + index)
            return samples(image, mode, orientation)

    frames = PixelFrames([shape] * (count - first), decode)
    return frames, tuple(times) if count - first > 1 else ()


def _go_to(image: Image.Image, index: int) -> None:
    """Step forward to a frame through every one before it: decoders compose a frame from the last one."""
    canvas = image.size
    for number in range(image.tell(), index + 1):
        image.seek(number)
        # Pillow would grow the canvas to hold a frame that says it lies outside: a few bytes could ask for 4,300 megapixels.
        if image.size != canvas:
            raise FileRefused("broken")
        image.load()


def _mode(image: Image.Image) -> str:
    transparent = "transparency" in image.info or image.mode in ("PA", "La", "LA", "RGBa", "RGBA")
    if image.mode in ("LA", "RGBA"):  # some decoders give every film an alpha
        transparent = image.getchannel("A").getextrema() != (255, 255)
    grey = image.mode in ("1", "L", "LA", "La")
    return ("L" if grey else "RGB") + ("A" if transparent else "")


def _joint_mode(modes: set[str]) -> str:
    colour = "RGB" if any(mode.startswith("RGB") for mode in modes) else "L"
    return colour + ("A" if any(mode.endswith("A") for mode in modes) else "")
