"""Everything that can be replaced, on one page: formats, text engines, detectors, classifiers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, BinaryIO, Protocol

from deid.contents import Contents
from deid.keys import Key
from deid.policy import Policy
from deid.types import Finding, Frames, HeaderChange, Instance, KnownValue, PhiCategory, Plan, Quad, Region, TextLine

if TYPE_CHECKING:
    from deid.types import Display


class Format(Protocol):
    """A kind of file: recognised by content, read into an `Instance`, written anew. Runs in a worker.

    A format never judges text: it hands header text over and cuts the spans that the plan names.
    """

    @property
    def kind(self) -> str:
        """Name in the audit log, such as "dicom", "png", "jpeg"."""

    def accepts(self, data: Contents) -> bool:
        """Tell from the content whether the file is of this kind; never raises, never decodes."""

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Decode a file; limits are checked before decoding.

        Raises
        ------
        FileRefused
            Where the file is broken, beyond the limits, or of a kind that cannot be cleaned.
        """

    def extension(self, instance: Instance, policy: Policy) -> str:
        """Extension of the file that `write` makes, with the dot."""

    def write(
        self, instance: Instance, frames: Frames, plan: Plan, key: Key, known: Sequence[KnownValue], policy: Policy, file: BinaryIO
    ) -> tuple[HeaderChange, ...]:
        """Write the clean file: header scrubbed, `frames` (already redacted) as pixels; return what was done to the header.

        `known` is every known value of the case; none may remain in the header. The same arguments give the same bytes.
        """

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Walk a written file against the allow-list of its format; name the parts that do not belong, never their values."""


@dataclass(frozen=True, slots=True)
class TextBox:
    """Where an engine sees text: a quad in pixels of the picture given, and how sure it is (0-1)."""

    quad: Quad
    score: float


class TextEngine(Protocol):
    """An OCR plug-in. Loaded once a worker, used by one thread at a time."""

    @property
    def name(self) -> str:
        """Name as policy and audit say it."""

    @property
    def version(self) -> str:
        """Version of the engine and hash of its weights, for the audit log."""

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""

    def detect(self, image: Display) -> tuple[TextBox, ...]:
        """Find text in a picture, (rows, columns, 3) uint8 RGB, at the scale given."""

    def read_text(self, image: Display, quads: Sequence[Quad]) -> tuple[TextLine, ...]:
        """Read the text in each quad, in order, one line a quad; what cannot be read comes back with empty text.

        Words carry their own quads, from the engine's geometry. `frames` is (0, 1); `find` sets the true range.
        """


@dataclass(frozen=True, slots=True)
class Detection:
    """Something identifying that is not text: where, how sure (0-1), which detector and kind, and what it says, if anything."""

    region: Region
    score: float
    evidence: str
    text: str = ""


class Detector(Protocol):
    """Finds regions that are not text: faces, barcodes."""

    @property
    def name(self) -> str:
        """Name as the audit log says it."""

    @property
    def version(self) -> str:
        """Version of the detector and hash of its weights, for the audit log."""

    @property
    def category(self) -> PhiCategory:
        """Category of everything it finds."""

    def missing(self) -> str | None:
        """Say what to install, or None where everything is there."""

    def detect(self, image: Display) -> tuple[Detection, ...]:
        """Find regions in a picture, (rows, columns, 3) uint8 RGB; regions are on frames (0, 1)."""


class Classifier(Protocol):
    """Decides which parts of the lines of a picture identify someone."""

    @property
    def version(self) -> str:
        """Name and hash of model and tables, for the audit log: another hash may judge otherwise."""

    def classify(self, lines: Sequence[TextLine], known: Sequence[KnownValue], policy: Policy) -> tuple[Finding, ...]:
        """Judge the lines of one instance together: neighbours explain each other, known values are sought in all of them."""
