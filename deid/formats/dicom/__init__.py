"""DICOM: read objects with pixels, reports, plans and waveforms, scrub it after PS3.15 Annex E, write it anew."""

from __future__ import annotations

from collections.abc import Sequence
from typing import BinaryIO, cast

from pydicom.dataset import Dataset, FileDataset
from pydicom.uid import UID, DeflatedExplicitVRLittleEndian, ExplicitVRLittleEndian

from deid.contents import Contents
from deid.formats.dicom.codecs import check_codec
from deid.formats.dicom.devices import covered
from deid.formats.dicom.frames import DicomFrames, NoFrames
from deid.formats.dicom.header_text import header_texts
from deid.formats.dicom.heads import may_show_face, shows_head
from deid.formats.dicom.known import case, known_values, subject
from deid.formats.dicom.layout import layout_of
from deid.formats.dicom.objects import check_object, has_pixels
from deid.formats.dicom.overlays import clean_overlays, overlays_of
from deid.formats.dicom.parse import PIXEL_KEYWORDS, looks_like_dicom, parse
from deid.formats.dicom.quiet import quiet
from deid.formats.dicom.rules import rules
from deid.formats.dicom.scrub import Scrub, name_instance, scrubbed, spans_by_path
from deid.formats.dicom.statement import state
from deid.formats.dicom.strangers import strangers
from deid.formats.dicom.sweep import Sweep
from deid.formats.dicom.walk import text_of
from deid.formats.dicom.write import put_pixels, write_dataset
from deid.keys import Key
from deid.policy import Policy
from deid.types import Frames, HeaderChange, Instance, KnownValue, Plan

__all__ = ["Dicom"]

# Modalities whose objects demand values for most of their attributes, beside those without pixels or with functional groups.
_STRICT = ("SEG", "RTDOSE", "RTIMAGE")


class Dicom:
    """DICOM files, with or without preamble and extension."""

    kind = "dicom"

    def accepts(self, data: Contents) -> bool:
        """Tell by preamble or by the shape of the first attribute."""
        return looks_like_dicom(data)

    def read(self, data: Contents, policy: Policy) -> Instance:
        """Read the header and prepare the frames; nothing is decoded yet.

        Raises
        ------
        FileRefused
            ``object-refused``, ``codec-missing``, ``too-large``, ``truncated``, ``pixels-missing`` or ``broken``.
        """
        dataset, pixels = parse(data, policy)
        with quiet():
            check_object(dataset, policy)
            judged = rules(policy, _strict(dataset))
            frames = _frames(dataset, pixels, policy) if has_pixels(dataset) else NoFrames()
            shape = frames.shape(0) if frames.count else (0, 0)
            return Instance(
                kind=self.kind,
                frames=frames,
                header=dataset,
                header_text=tuple(header_texts(dataset, judged)),
                known=known_values(dataset, judged),
                case=case(dataset),
                cine=frames.count > 1 and _in_time(dataset),
                covered=covered(dataset, *shape, policy.device_file),
                warnings=("face-in-volume",) if may_show_face(dataset) else (),
            )

    def extension(self, instance: Instance, policy: Policy) -> str:
        """Return ``.dcm``."""
        return ".dcm"

    def write(
        self, instance: Instance, frames: Frames, plan: Plan, key: Key, known: Sequence[KnownValue], policy: Policy, file: BinaryIO
    ) -> tuple[HeaderChange, ...]:
        """Write the clean file in the transfer syntax of its source; frames that nobody touched stay bit-identical."""
        source = cast(FileDataset, instance.header)
        with quiet():
            sweep = Sweep([*instance.known, *known])
            scrub = Scrub(rules(policy, _strict(source)), key, subject(source), spans_by_path(plan.header), sweep)
            clean = scrubbed(source, scrub)
            name_instance(clean, source, scrub)
            clean.SpecificCharacterSet = "ISO_IR 192"
            clean_overlays(clean, source, plan.masks)
            syntax = source.file_meta.TransferSyntaxUID
            if isinstance(instance.frames, DicomFrames):
                syntax = put_pixels(clean, source, instance.frames, frames, scrub).syntax
            state(clean, policy, has_pixels=frames.count > 0)
            if shows_head(source):
                clean.RecognizableVisualFeatures = "YES"
            write_dataset(clean, _provable(syntax, scrub), file)
        return scrub.report()

    def strangers(self, data: Contents) -> tuple[str, ...]:
        """Name what does not belong into a clean DICOM file."""
        return strangers(data)


def _provable(syntax: UID, scrub: Scrub) -> UID:
    """Return the syntax to write in: no known value could be sought in the bytes of a deflated file."""
    if syntax != DeflatedExplicitVRLittleEndian:
        return syntax
    scrub.note("", 0x00020010, "C")
    return ExplicitVRLittleEndian


def _frames(dataset: Dataset, pixels: Contents | None, policy: Policy) -> DicomFrames:
    layout = layout_of(dataset, pixels, policy)
    check_codec(layout)
    return DicomFrames(dataset, pixels, layout, overlays_of(dataset) if policy.clean_graphics else ())


def _strict(dataset: Dataset) -> bool:
    groups = "SharedFunctionalGroupsSequence" in dataset or "PerFrameFunctionalGroupsSequence" in dataset
    return groups or not any(word in dataset for word in PIXEL_KEYWORDS) or text_of(dataset, "Modality") in _STRICT


def _in_time(dataset: Dataset) -> bool:
    """Tell whether frames follow each other in time: a run, a clip, a dynamic series."""
    timed = any(word in dataset for word in ("FrameTime", "FrameTimeVector", "CineRate", "RecommendedDisplayFrameRate"))
    return timed or text_of(dataset, "Modality") in ("XA", "RF", "US", "XRF", "IVUS", "ES", "GM", "XC")
