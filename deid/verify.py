"""The second look: the written draft is opened again, read again, searched, and compared with its source."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import cv2
import numpy as np

from deid.contents import Contents
from deid.find import look_again
from deid.find.canary import WithCanary, canary_sings, without_canary
from deid.formats import recognise
from deid.phi import byte_forms, find_known
from deid.policy import Policy
from deid.protocols import Classifier, TextEngine
from deid.redaction import REACH, cover
from deid.search import holds_any
from deid.types import Box, Finding, Frames, Instance, KnownValue, Reading, Reason, Region, TextLine, Verification

if TYPE_CHECKING:
    from numpy.typing import NDArray

# A first reading is trusted as "already judged" from this confidence on.
_TRUSTED = 0.8
# A second reading below this says nothing against a first one above that.
_POOR, _WELL_READ = 0.7, 0.9
# Rows that are compared at a time: about 100 MB of differences for the widest colour pictures.
_STRIP_ROWS = 256
# Frames of more bytes are compared by what they are in strips, one after the other: with two of them a worker's memory is full.
_TOO_LARGE_FOR_TWO = 100_000_000
# Share of a finding's area that masks (or words already judged) must cover for it to be no news.
_COVERED = 0.6


@dataclass(frozen=True, slots=True)
class SecondLook:
    """The judges that read the draft: engine, classifier, policy and, where the policy wants one, a witness of another make."""

    engine: TextEngine
    classifier: Classifier
    policy: Policy
    witness: TextEngine | None = None


def verify(
    draft: Contents,
    name: str,
    source: Instance,
    first: Reading,
    masks: Sequence[Region],
    known: Sequence[KnownValue],
    look: SecondLook,
) -> Verification:
    """Look at a written draft as a stranger would, and say everything that speaks against its release.

    Parameters
    ----------
    draft
        The bytes as they lie on the disk.
    name
        The draft's file name, for recognising its format.
    source
        The decoded source, for the comparison outside the masks.
    first
        What the first look read: words that it judged in full context are not judged again out of it.
    masks
        What the plan masked.
    known
        Every known value of the case; none may be found in bytes, header or pixels.

    Raises
    ------
    FileRefused
        Where the draft cannot be read at all.
    """
    written_format = recognise(draft, name)
    written = written_format.read(draft, look.policy)
    reasons = [Reason("strange-bytes", part) for part in written_format.strangers(draft)[:3]]
    reasons += _known_in_header(written, known)
    reasons += _known_in_bytes(draft, known)
    changed, psnr, change_reasons = _compare(source.frames, written.frames, masks, look.policy)
    reasons += change_reasons
    leaked: list[Finding] = []
    passes: list[str] = []
    total = 0
    for engine in filter(None, (look.engine, look.witness)):
        findings, more_passes, more_reasons = _read_again(engine, written, first, masks, known, look)
        leaked += [finding for finding in findings if not is_covered(finding.region, masks, written.frames)]
        total += len(findings)
        passes += more_passes
        reasons += more_reasons
    return Verification(look.engine.name, tuple(passes), total, tuple(leaked), changed, psnr, tuple(dict.fromkeys(reasons)))


def _read_again(
    engine: TextEngine, written: Instance, first: Reading, masks: Sequence[Region], known: Sequence[KnownValue], look: SecondLook
) -> tuple[tuple[Finding, ...], tuple[str, ...], list[Reason]]:
    """Read the draft with one engine; its silence counts only where it reads the canary."""
    prepared = replace(written, frames=WithCanary(written.frames, masks))
    read = first.lines if engine is look.engine else ()
    reading = look_again(prepared, engine, look.policy, masks, photo=first.photo, read=read)
    reasons = [] if canary_sings(reading.lines, written.frames) else [Reason("engine-failed", "canary not read")]
    lines = without_canary(reading.lines, written.frames)
    findings = look.classifier.classify(lines, known, look.policy)
    if not look.policy.mask_all_text:
        kept, misread = _judged_regions(first.lines, _TRUSTED), _misread(lines, first.lines, written.frames)
        findings = tuple(f for f in findings if not _already_judged(f, kept, misread, written.frames))
    return tuple(findings), reading.passes, reasons


def is_doubtful(finding: Finding) -> bool:
    """Tell whether a finding rests on its surroundings, or on text that nobody could read: a person's look settles it."""
    return not finding.stands_alone or finding.evidence == "unread"


def _judged_regions(lines: Sequence[TextLine], confidence: float) -> list[Region]:
    return [Region(line.quad, line.frames) for line in lines if line.confidence >= confidence and len(line.text)]


def _misread(lines: Sequence[TextLine], first: Sequence[TextLine], frames: Frames) -> list[Region]:
    """Where the second look read poorly what the first one read well: 'DAP.ZTA.GVmE' says nothing against 'DAP 274 cGycm2'."""
    well = _judged_regions(first, _WELL_READ)
    poor = [Region(line.quad, line.frames) for line in lines if line.confidence < _POOR]
    return [region for region in poor if is_covered(region, well, frames)]


def _already_judged(finding: Finding, kept: Sequence[Region], misread: Sequence[Region], frames: Frames) -> bool:
    """Tell whether the first look surely read and judged these words in full context; out of it, or unread, less is known."""
    if is_doubtful(finding):
        return is_covered(finding.region, kept, frames)
    return not finding.evidence.startswith("known:") and is_covered(finding.region, misread, frames)


def is_covered(region: Region, regions: Sequence[Region], frames: Frames) -> bool:
    """Tell whether regions cover most of another on every frame that it is on (first and last stand for the rest)."""
    first, past = region.clipped(frames.count).frames
    if past <= first:
        return True
    for index in {first, past - 1}:
        shape = frames.shape(index)
        part = _around(region.box, shape)
        area = cover([region], index, shape, part)
        total = int(area.sum())
        if total and int((area & cover(regions, index, shape, part)).sum()) < _COVERED * total:
            return False
    return True


def _around(box: Box, shape: tuple[int, int]) -> Box:
    """The part of a frame in which something with that box may touch a pixel."""
    x0, y0, x1, y1 = box
    return max(0, x0 - REACH), max(0, y0 - REACH), min(shape[1], x1 + REACH), min(shape[0], y1 + REACH)


def _known_in_header(written: Instance, known: Sequence[KnownValue]) -> list[Reason]:
    return [Reason("known-value", text.path) for text in written.header_text if find_known(text.text.reveal(), known)][:3]


def _known_in_bytes(draft: Contents, known: Sequence[KnownValue]) -> list[Reason]:
    sought = [value for value in known if not _is_common_word(value)]
    return [Reason("known-value", "file bytes")] if holds_any(draft, byte_forms(sought)) else []


def _is_common_word(value: KnownValue) -> bool:
    """Tell a single word of a file's or folder's name, which may be a term of the file format itself ("container")."""
    return value.keyword in ("FileName", "FolderName") and value.value.reveal().isalpha()


def _compare(source: Frames, written: Frames, masks: Sequence[Region], policy: Policy) -> tuple[float, float, list[Reason]]:
    """Compare source and draft outside the masks, and see that the masks are filled; return largest change, PSNR and reasons."""
    if source.count != written.count or any(source.shape(i) != written.shape(i) for i in range(source.count)):
        return math.inf, 0.0, [Reason("changed-outside", "frames")]
    total = _Change()
    for index in range(source.count):
        masked = cover(masks, index, source.shape(index))
        if not _is_as_wanted(source, written, index, masked):
            written.rest()  # decoding the source takes room, above all where it is a progressive JPEG
            total = total.and_then(_change(*_comparable(source, written, index), masked))
    source.rest()
    # Under a mask the lossy codec rings near the edge only; a mask that was not drawn changes far more on average.
    unfilled = total.under_masks > (0.05 if source.lossy else 0.0)
    reasons = [Reason("changed-outside", "masks not filled")] if unfilled else []
    allowed = total.psnr >= policy.tolerance_psnr if source.lossy or written.lossy else total.largest == 0.0
    return total.largest, total.psnr, reasons if allowed else [*reasons, Reason("changed-outside")]


@dataclass(frozen=True, slots=True)
class _Change:
    """How much a draft differs from what was to be written: the worst of its frames.

    `largest` is the largest change of a sample outside the masks, `psnr` the ratio there in dB, `under_masks` the mean change
    under the masks as a share of the span.
    """

    largest: float = 0.0
    psnr: float = math.inf
    under_masks: float = 0.0

    def and_then(self, other: _Change) -> _Change:
        """Return the worse of both in each."""
        return _Change(max(self.largest, other.largest), min(self.psnr, other.psnr), max(self.under_masks, other.under_masks))


def _is_as_wanted(source: Frames, written: Frames, index: int, masked: NDArray[np.bool_]) -> bool:
    """Tell that a very large frame was written exactly as it should be; False where the two must be laid side by side."""
    if source.lossy or written.lossy:
        return False
    after = written.stored(index)
    if after.nbytes <= _TOO_LARGE_FOR_TWO:
        return False
    found = _fingerprints(after)
    del after
    written.rest()
    black = source.black(index)
    wanted = _fingerprints(source.stored(index), masked, black)
    source.rest()
    return found == wanted


def _fingerprints(
    pixels: NDArray[np.generic], masked: NDArray[np.bool_] | None = None, black: tuple[float, ...] = ()
) -> list[tuple[object, ...]]:
    """What a frame is in strips, with the masks drawn where they are given."""
    found: list[tuple[object, ...]] = []
    for top in range(0, pixels.shape[0], _STRIP_ROWS):
        strip = pixels[top : top + _STRIP_ROWS]
        if masked is not None:
            strip = _with_masks(strip, masked[top : top + _STRIP_ROWS], black)
        found.append((strip.shape, strip.dtype, hashlib.sha256(np.ascontiguousarray(strip).data).digest()))
    return found


def _with_masks(strip: NDArray[np.generic], hidden: NDArray[np.bool_], black: tuple[float, ...]) -> NDArray[np.generic]:
    """Return a strip as it should be written."""
    if not hidden.any():
        return strip
    wanted = np.array(strip)
    wanted[hidden] = black
    return wanted


def _change(
    before: NDArray[np.generic], after: NDArray[np.generic], black: tuple[float, ...], masked: NDArray[np.bool_]
) -> _Change:
    """Compare a frame strip by strip: copies and differences of a large frame would not fit in a worker's memory."""
    largest = squares = under = 0.0
    hidden_count = int(np.count_nonzero(masked))
    for top in range(0, before.shape[0], _STRIP_ROWS):
        rows = slice(top, top + _STRIP_ROWS)
        wanted = _with_masks(before[rows], masked[rows], black)
        if np.array_equal(wanted, after[rows]):
            continue
        strip = (_of_bytes if wanted.dtype == np.uint8 else _of_numbers)(wanted, after[rows], masked[rows])
        largest, squares, under = max(largest, strip[0]), squares + strip[1], under + strip[2]
    under_count, outside_count = hidden_count * before.shape[2], (masked.size - hidden_count) * before.shape[2]
    span = _span(before) if squares or under else 1.0
    psnr = 10 * math.log10(span**2 * outside_count / squares) if squares else math.inf
    return _Change(largest, psnr, under / under_count / span if under_count else 0.0)


def _of_bytes(wanted: NDArray[np.generic], after: NDArray[np.generic], hidden: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The largest change and the sum of squares outside the masks, and the sum under them."""
    change = cv2.absdiff(np.ascontiguousarray(wanted), np.ascontiguousarray(after)).reshape(wanted.shape)
    outside = change.copy()
    outside[hidden] = 0
    # A sum of squares is a whole number; OpenCV squares its root.
    squares = round(cv2.norm(outside, cv2.NORM_L2SQR))
    return float(outside.max()), float(squares), float(int(change.sum()) - int(outside.sum()))


def _of_numbers(wanted: NDArray[np.generic], after: NDArray[np.generic], hidden: NDArray[np.bool_]) -> tuple[float, float, float]:
    """The same of deeper samples."""
    change = np.abs(wanted.astype(np.float64) - after.astype(np.float64))
    outside = change[~hidden]
    return float(np.nanmax(outside, initial=0.0)), float(np.nansum(np.square(outside))), float(np.nansum(change[hidden]))


def _comparable(source: Frames, written: Frames, index: int) -> tuple[NDArray[np.generic], NDArray[np.generic], tuple[float, ...]]:
    """Stored samples of both where they are of one kind, else what a person sees of both; and what a mask shows there."""
    before, after = source.stored(index), written.stored(index)
    if before.shape == after.shape and before.dtype == after.dtype:
        return before, after, source.black(index)
    return source.display(index), written.display(index), (0.0,)


def _span(pixels: NDArray[np.generic]) -> float:
    """Peak signal: the type's range for 8 bit, the frame's own range for deeper or signed samples."""
    if pixels.dtype == np.uint8:
        return 255.0
    finite = pixels[np.isfinite(pixels)] if pixels.dtype.kind == "f" else pixels
    return float(max(1.0, float(finite.max()) - float(finite.min()))) if finite.size else 1.0
