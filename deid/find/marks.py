"""What identifies without being a line of text: faces and barcodes, on every page of an instance."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from deid.errors import EnvironmentBroken
from deid.policy import Policy
from deid.protocols import Detection, Detector
from deid.types import FrameRange, Instance, PhiCategory, Reading, Region

# Frames of a cine where marks are sought. In a filmed room people and labels come and go; in an exam a code is burned in and stays.
_SAMPLES_OF_A_ROOM: Final = 12
_SAMPLES_OF_AN_EXAM: Final = 3


def load_detectors(policy: Policy) -> tuple[Detector, ...]:
    """Make the detectors that the policy wants; each loads its weights when it first looks.

    Raises
    ------
    EnvironmentBroken
        Where a detector that is wanted is missing or was altered.
    """
    from deid.find.barcodes import BarcodeDetector
    from deid.find.faces import FaceDetector

    wanted: list[Detector] = []
    if policy.barcodes:
        wanted.append(BarcodeDetector())
    if policy.faces != "never":
        wanted.append(FaceDetector())
    for detector in wanted:
        if (lack := detector.missing()) is not None:
            raise EnvironmentBroken(lack)
    return tuple(wanted)


def find_marks(
    instance: Instance, reading: Reading, detectors: Sequence[Detector], policy: Policy
) -> tuple[tuple[PhiCategory, Detection], ...]:
    """Find faces and barcodes in an instance; each detection comes with the category of its detector.

    Faces are sought in photographs, or everywhere, as the policy says. A page's detections are on that page; a cine is looked at in
    samples, and what was found on one of them goes for the whole run. Codes on pages are sought in every look.
    """
    found: dict[tuple[PhiCategory, Region], Detection] = {}
    photo = reading.photo or instance.camera
    for detector in _wanted(detectors, photo, policy):
        every_look = detector.category is not PhiCategory.FACE and not instance.cine
        for index, frames in _frames(instance, _SAMPLES_OF_A_ROOM if photo else _SAMPLES_OF_AN_EXAM):
            for image in instance.frames.looks(index) if every_look else (instance.frames.display(index),):
                for seen in detector.detect(image):
                    region = Region(seen.region.polygon, frames)
                    mark = Detection(region, seen.score, seen.evidence, seen.text)
                    _keep_surest(found, (detector.category, region), mark)
                del image  # the next look is made before this one would go
    return tuple((category, mark) for (category, _), mark in found.items())


def _wanted(detectors: Sequence[Detector], photo: bool, policy: Policy) -> Iterator[Detector]:
    faces = policy.faces == "always" or (policy.faces == "photos" and photo)
    for detector in detectors:
        if faces if detector.category is PhiCategory.FACE else policy.barcodes:
            yield detector


def _frames(instance: Instance, most: int) -> Iterator[tuple[int, FrameRange]]:
    """Yield the frames to look at, each with the range for which its detections count; `most` of a cine."""
    count = instance.frames.count
    if not instance.cine:
        yield from ((index, (index, index + 1)) for index in range(count))
        return
    samples = min(count, most)
    for index in sorted({round(sample * (count - 1) / max(1, samples - 1)) for sample in range(samples)}):
        yield index, (0, count)


def _keep_surest(found: dict[tuple[PhiCategory, Region], Detection], key: tuple[PhiCategory, Region], mark: Detection) -> None:
    """Two looks at one frame find the same code twice; the one that could read it stays."""
    if key not in found or (mark.score, mark.text) > (found[key].score, found[key].text):
        found[key] = mark
