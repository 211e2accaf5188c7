"""All that is kept of a picture's header: how to write it again, and what will not be written."""

from __future__ import annotations

from dataclasses import dataclass

from deid.types import HeaderChange


@dataclass(frozen=True, slots=True)
class JpegRecipe:
    """How a JPEG was compressed: quantisation tables in natural order, and chroma subsampling as Pillow names it (0, 1, 2)."""

    tables: tuple[tuple[int, ...], ...]
    subsampling: int


@dataclass(frozen=True, slots=True)
class PictureHeader:
    """All that is kept of a picture's header.

    `writes` is the kind to write, `durations` are ms a frame, `loop` is how often a film plays (0: for ever), `maximum` is the
    greatest sample of a PNM, `points` is the size of
    every page of a PDF, `recipe` is the coding of a JPEG, `removed` is what will not be written.
    """

    writes: str
    durations: tuple[int, ...] = ()
    loop: int = 0
    maximum: int = 255
    points: tuple[tuple[float, float], ...] = ()
    recipe: JpegRecipe | None = None
    removed: tuple[HeaderChange, ...] = ()
