"""What all raster formats share: what their header keeps, in which kind they are written, and the writing itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from typing import TYPE_CHECKING, BinaryIO, Protocol

from deid.contents import Contents
from deid.formats.arrays import PixelFrames, display_of
from deid.formats.header import PictureHeader
from deid.keys import Key
from deid.policy import Policy
from deid.types import Frames, HeaderChange, Instance, KnownValue, Plan, Region

if TYPE_CHECKING:
    from deid.types import Stored

EXTENSIONS = {"png": ".png", "jpeg": ".jpg", "gif": ".gif", "tiff": ".tif", "webp": ".webp", "bmp": ".bmp", "pnm": ".pnm"}
EXTENSIONS |= {"pdf": ".pdf"}
_WRITERS = {kind: f"deid.formats.{kind}_file" for kind in EXTENSIONS}
# Formats that can show frames one after the other.
_ANIMATED = ("png", "gif", "webp")
# Rows that are compared at a time: most pictures with colours have some in the first.
_BAND_ROWS = 256


class Writer(Protocol):
    """The `encode` of each kind's file module."""

    def __call__(self, frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
        """Write the frames."""


class RasterFormat(ABC):
    """A raster format: the subclass recognises, reads and walks; what is written depends on the header and the policy."""

    kind = ""

    @abstractmethod
    def accepts(self, data: Contents) -> bool:
        """Tell from the content whether the file is of this kind."""

    @abstractmethod
    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a file; limits are checked before decoding."""

    @abstractmethod
    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file against the allow-list of its format."""

    def extension(self, instance: Instance, policy: Policy) -> str:
        """Extension of the file that `write` makes, with the dot."""
        return EXTENSIONS[instance.header.writes]

    def write(
        self, instance: Instance, frames: Frames, plan: Plan, key: Key, known: Sequence[KnownValue], policy: Policy, file: BinaryIO
    ) -> tuple[HeaderChange, ...]:
        """Write the redacted frames as a new file; nothing but pixels and frame times comes from the source."""
        header: PictureHeader = instance.header
        encode(header.writes, frames, header, file, plan.masks)
        return header.removed


def format_of(kind: str) -> RasterFormat:
    """Return the format of a kind that can be written."""
    door: type[RasterFormat] = getattr(import_module(f"deid.formats.{kind}"), kind.capitalize())
    return door()


def encode(kind: str, frames: Frames, header: PictureHeader, file: BinaryIO, masks: Sequence[Region] = ()) -> None:
    """Write frames as a file of one kind; same frames and header, same bytes. Lossy writers keep quality outside the masks."""
    writer: Writer = import_module(_WRITERS[kind]).encode
    writer(frames, header, file, masks)


def instance_of(
    kind: str,
    frames: PixelFrames,
    policy: Policy,
    header: PictureHeader,
    *,
    camera: bool = False,
    known: tuple[KnownValue, ...] = (),
    dropped: tuple[HeaderChange, ...] = (),
) -> Instance:
    """Make the instance of a picture; where the policy wants another kind written, the frames are what that kind can hold."""
    cine = len(header.durations) > 1
    wanted = picture_kind(policy.write_as, frames.count, cine) if policy.write_as != "source" else header.writes
    if wanted != header.writes:
        frames = _as_kind(frames, wanted)
        header = replace(header, writes=wanted, recipe=None)
    return Instance(kind=kind, frames=frames, header=header, camera=camera, known=known, cine=cine, dropped=dropped)


def picture_kind(wanted: str, count: int, cine: bool) -> str:
    """Return the kind that can hold what is there: a film as JPEG becomes an animated PNG, pages stay TIFF pages."""
    if count == 1:
        return wanted
    if not cine:
        return "tiff"
    return wanted if wanted in _ANIMATED else "png"


def shown(frames: Frames, kind: str) -> PixelFrames:
    """Return what a person sees of the frames, as 8-bit grey or RGB samples that a kind of picture can hold."""
    shapes = [frames.shape(index) for index in range(frames.count)]
    if kind == "gif":
        from deid.formats.gif_file import fitted

        return PixelFrames(shapes, lambda index: fitted(frames.display(index)), beneath=frames)
    return PixelFrames(shapes, lambda index: grey_where_possible(frames.display(index)), lossy=kind == "jpeg", beneath=frames)


def grey_where_possible(stored: Stored) -> Stored:
    """Return one sample where three are equal everywhere."""
    bands = (stored[row : row + _BAND_ROWS] for row in range(0, stored.shape[0], _BAND_ROWS))
    grey = all((band[:, :, 0] == band[:, :, 1]).all() and (band[:, :, 1] == band[:, :, 2]).all() for band in bands)
    return stored[:, :, :1] if grey else stored


def _as_kind(frames: PixelFrames, kind: str) -> PixelFrames:
    """Return frames as a kind can hold them, so that what is compared later is what was asked for."""
    if kind in ("jpeg", "gif"):
        return shown(frames, kind)
    shapes = [frames.shape(index) for index in range(frames.count)]
    return PixelFrames(shapes, lambda index: _eight_or_sixteen(frames.taken(index)), beneath=frames)


def _eight_or_sixteen(stored: Stored) -> Stored:
    return stored if stored.dtype.itemsize <= 2 else display_of(stored)[:, :, :1]


def counted(names: Iterator[str]) -> tuple[HeaderChange, ...]:
    """Count removed parts by name, as PS3.15's X."""
    tally: dict[str, int] = {}
    for name in names:
        tally[name] = tally.get(name, 0) + 1
    return tuple(HeaderChange(name, "X", count) for name, count in sorted(tally.items()))
