"""The nouns of the product: frozen values that the rooms hand each other.

Pixel conventions, everywhere:

- coordinates are integers in pixels, x to the right, y down, and name the *edges* between pixels: the origin is the outer
  top-left corner of the upright picture, and the box ``(x0, y0, x1, y1)`` covers the pixels ``[y0:y1, x0:x1]``;
- rounding is always outwards; a polygon covers every pixel that it touches;
- frames count from 0 in code and in the audit log, from 1 before a person; frame ranges are half-open.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, Final, Protocol, TypeAlias

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    Stored: TypeAlias = NDArray[Any]
    """Sample values as in the file: (rows, columns, samples), the file's own dtype and colour space."""
    Display: TypeAlias = NDArray[np.uint8]
    """What a person sees: (rows, columns, 3), uint8 RGB, on the same grid as the stored pixels."""

Point: TypeAlias = tuple[int, int]
Polygon: TypeAlias = tuple[Point, ...]
Quad: TypeAlias = tuple[Point, Point, Point, Point]
"""Corners of a text line: clockwise, beginning at the start of the text's upper edge."""
FrameRange: TypeAlias = tuple[int, int]
"""Half-open: (first, past)."""
Box: TypeAlias = tuple[int, int, int, int]
"""Half-open pixel box (x0, y0, x1, y1)."""


class PhiText:
    """Text that may identify someone; it prints as ``<8 characters>`` and comes out through `reveal` only."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the text itself; the caller takes care that it is neither logged nor stored."""
        return self._text

    def __repr__(self) -> str:
        return f"<{len(self._text)} characters>"

    __str__ = __repr__

    def __format__(self, spec: str) -> str:
        return format(repr(self), spec)

    def __len__(self) -> int:
        return len(self._text)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PhiText) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __getstate__(self) -> str:
        return self._text

    def __setstate__(self, text: str) -> None:
        self._text = text


class PhiCategory(StrEnum):
    """The kinds of identifier, after the eighteen of 45 CFR 164.514(b)(2)."""

    NAME = "name"
    LOCATION = "location"
    INSTITUTION = "institution"
    DATE = "date"
    TIME = "time"
    AGE = "age"
    PHONE = "phone"
    EMAIL = "email"
    NATIONAL_ID = "national_id"
    MRN = "mrn"
    ACCESSION = "accession"
    OTHER_ID = "other_id"
    DEVICE_ID = "device_id"
    NETWORK = "network"
    FACE = "face"
    OTHER = "other"


class Status(StrEnum):
    """What became of an input."""

    CLEAN = "clean"
    HELD = "held"
    FAILED = "failed"
    SKIPPED = "skipped"


ALL_FRAMES: Final[FrameRange] = (0, 2**31)
"""A range that covers every frame of any instance; clip it with `Region.clipped`."""


@dataclass(frozen=True, slots=True)
class Region:
    """A polygon on a range of frames; vertices in pixel edges, clockwise."""

    polygon: Polygon
    frames: FrameRange

    @classmethod
    def from_box(cls, box: Box, frames: FrameRange) -> Region:
        """Make the region of a half-open pixel box."""
        x0, y0, x1, y1 = box
        return cls(((x0, y0), (x1, y0), (x1, y1), (x0, y1)), frames)

    @property
    def box(self) -> Box:
        """The smallest half-open pixel box around the polygon."""
        xs = [x for x, _ in self.polygon]
        ys = [y for _, y in self.polygon]
        return min(xs), min(ys), max(xs), max(ys)

    def clipped(self, count: int) -> Region:
        """Return the region with its frame range cut to ``[0, count)``."""
        first, past = self.frames
        return Region(self.polygon, (max(0, first), min(past, count)))


@dataclass(frozen=True, slots=True)
class Word:
    """A part of a text line that can be masked alone: its text, its quad, and where it starts in the line's text."""

    text: PhiText
    quad: Quad
    start: int


@dataclass(frozen=True, slots=True)
class TextLine:
    """One line found by an engine. Empty text means: text-like, but nobody could read it.

    `confidence` is 0-1, the engine's certainty about its reading. `frames` is the half-open range where the line shows.
    `engine` names the engine and, after a colon, the pass that found the line ("rapidocr:half").
    """

    text: PhiText
    quad: Quad
    words: tuple[Word, ...]
    confidence: float
    frames: FrameRange
    engine: str


@dataclass(frozen=True, slots=True)
class Reading:
    """All that a look at the frames of one instance found.

    `passes` names the passes that ran, `ghosts` counts image-sized boxes that were dropped after a second search,
    `photo` is true where the picture is a photograph (of monitors, a room, paper) rather than a screen or an exam.
    """

    lines: tuple[TextLine, ...]
    passes: tuple[str, ...]
    photo: bool = False
    ghosts: int = 0


@dataclass(frozen=True, slots=True)
class KnownValue:
    """An identifying value that the header, a sibling, a name or the user told us; `keyword` says what it is.

    `keyword` is a DICOM attribute keyword (``PatientName``, ``PatientID``, ``AccessionNumber`` …) for header values, or one of
    ``FileName``, ``FolderName``, ``UserList``, ``Barcode``, ``CaseText``.
    """

    keyword: str
    value: PhiText


@dataclass(frozen=True, slots=True)
class TextSpan:
    """An identifying part of a text: half-open, in characters of the text given."""

    start: int
    end: int
    category: PhiCategory
    score: float
    evidence: str


_CONTEXT_EVIDENCE: Final = ("not-technical", "closure", "label", "unexplained-number", "model")


@dataclass(frozen=True, slots=True)
class Finding:
    """Something identifying, and where. `score` is 0-1 and comparable across judges.

    `evidence` is made of a closed vocabulary and holds no text of the picture: ``rule:mrn-label``, ``known:PatientName``,
    ``model:phi-1``, ``unread``, ``face:centerface``, ``barcode:qr``, ``device:mask``, ``reviewer``.
    `text` is what was read there, where anything was (a barcode's content, a span of a line).
    """

    category: PhiCategory
    region: Region
    score: float
    evidence: str
    text: PhiText | None = None

    @property
    def source(self) -> str:
        """Which kind of judge found it: ``ocr``, ``barcode``, ``face``, ``device`` or ``reviewer``."""
        head = self.evidence.partition(":")[0]
        return head if head in ("barcode", "face", "device", "reviewer") else "ocr"

    @property
    def stands_alone(self) -> bool:
        """True where the evidence needs no neighbours: a pattern, a known value, a script, unread text, a face or a code."""
        return not self.evidence.startswith(_CONTEXT_EVIDENCE)


@dataclass(frozen=True, slots=True)
class HeaderText:
    """Free text of a header: `formats` yields it, `phi` judges it, `Plan.header` carries the spans to cut."""

    path: str
    text: PhiText


@dataclass(frozen=True, slots=True)
class HeaderCut:
    """A half-open span of characters to remove from the header text at `path`."""

    path: str
    start: int
    end: int
    category: PhiCategory
    evidence: str


@dataclass(frozen=True, slots=True)
class HeaderChange:
    """What happened to an attribute: a path of standard keywords or hex tags, one of PS3.15's letters D Z X K C U, how often."""

    path: str
    action: str
    count: int = 1


@dataclass(frozen=True, slots=True)
class Reason:
    """Why a file is not clean: a code of `errors.REASONS` and, rarely, a number or keyword that helps (never a value)."""

    code: str
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Plan:
    """What will be done to one instance, before it is done."""

    masks: tuple[Region, ...] = ()
    header: tuple[HeaderCut, ...] = ()
    findings: tuple[Finding, ...] = ()
    review: tuple[Reason, ...] = ()


@dataclass(frozen=True, slots=True)
class Removal:
    """A proposed box that a person took away, and why (a code of `errors.REMOVALS`)."""

    finding: Finding
    reason: str


@dataclass(frozen=True, slots=True)
class Decision:
    """What a person decided about one file after looking at it.

    `kept` are the boxes that the person saw and left, `added` their own, `removed` the proposed ones that they took away.
    `rejected` means that the file is not released at all. `time` is RFC 3339 UTC; `consent` is a reference without a name,
    `platform` and `use` say where the picture goes.
    """

    reviewer: str
    time: str
    kept: tuple[Finding, ...] = ()
    added: tuple[Finding, ...] = ()
    removed: tuple[Removal, ...] = ()
    rejected: bool = False
    consent: str = ""
    platform: str = ""
    use: str = ""


class Frames(Protocol):
    """The pixels of one instance, frame by frame and upright; a film need not fit in memory."""

    @property
    def count(self) -> int:
        """Number of frames or pages."""

    @property
    def lossy(self) -> bool:
        """True where the written form may differ from the decoded source outside the masks (JPEG)."""

    def shape(self, index: int) -> tuple[int, int]:
        """Rows and columns of a frame; pages of one file may differ."""

    def stored(self, index: int) -> Stored:
        """Samples as in the file, (rows, columns, samples); nobody writes to them."""

    def taken(self, index: int) -> Stored:
        """The same samples, to write to: they are the caller's alone."""

    def rest(self) -> None:
        """Let go of a vast frame; it is decoded again where it is asked for."""

    def black(self, index: int) -> tuple[float, ...]:
        """The stored value, a number a sample, that shows as black (or as the darkest there is)."""

    def display(self, index: int) -> Display:
        """What a person sees, (rows, columns, 3) uint8 RGB; nobody writes to it."""

    def looks(self, index: int) -> Iterator[Display]:
        """Yield every way in which text of the frame may become visible; the first is `display`.

        DICOM: the windows of the header and the full range; transparency: the colour plane under it. One at a time: all looks at
        a vast frame would not fit into a worker's memory.
        """


@dataclass(frozen=True, slots=True)
class Instance:
    """One file, decoded; frames are lazy.

    `kind` is the format's name as the audit log says it ("dicom", "png", "jpeg" …). `header` is private to the format that read it.
    `camera` is true where the header says that a camera took the picture. `cine` is true where the frames
    follow each other in time.
    `case` is what names the case in the header (the patient's id and name), empty where it names none.
    `dropped` counts hidden parts that will not be written (thumbnails, depth maps, motion video), by kind.
    `covered` are masks of the site for the device that made the picture: they go whatever is read there.
    `warnings` are codes of `errors.WARNINGS`: what the clean file still lends itself to, though nothing in it identifies.
    """

    kind: str
    frames: Frames
    header: Any = field(default=None, repr=False)
    header_text: tuple[HeaderText, ...] = ()
    known: tuple[KnownValue, ...] = ()
    case: PhiText = field(default_factory=lambda: PhiText(""))
    camera: bool = False
    cine: bool = False
    dropped: tuple[HeaderChange, ...] = ()
    covered: tuple[Region, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Verification:
    """The second look at the written draft, read from disk.

    `changed_outside` is the largest difference of a stored sample outside the masks, `psnr` (dB) the signal-to-noise ratio there
    (infinite where nothing changed). `leaked` are findings still visible, `reasons` whatever else forbids release.
    """

    engine: str
    passes: tuple[str, ...]
    findings: int
    leaked: tuple[Finding, ...]
    changed_outside: float
    psnr: float
    reasons: tuple[Reason, ...] = ()

    @property
    def proven(self) -> bool:
        """True where nothing speaks against release."""
        return not self.leaked and not self.reasons


@dataclass(frozen=True, slots=True)
class Source:
    """One input: its number in the run (from 1, as a person counts) and its path, which no log may hold."""

    number: int
    path: PhiText


@dataclass(frozen=True, slots=True)
class Outcome:
    """The result for one input. `output` is relative to the clean folder and set where `status` is clean.

    `found` are values read in the pixels that are worth seeking in the rest of the case; `kept` is the text that was read and left
    visible, None where nobody noted it; `warnings` are the instance's; `seconds` is CPU time.
    """

    source: Source
    status: Status
    input_id: str = ""
    kind: str = "unknown"
    case: str = ""
    output: str | None = None
    output_sha256: str | None = None
    plan: Plan = Plan()
    changes: tuple[HeaderChange, ...] = ()
    verification: Verification | None = None
    reasons: tuple[Reason, ...] = ()
    found: tuple[KnownValue, ...] = ()
    kept: tuple[PhiText, ...] | None = None
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0
