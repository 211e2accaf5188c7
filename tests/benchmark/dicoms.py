"""Writes DICOM files with a full identifying header: kinds, transfer syntaxes, photometric interpretations."""

from __future__ import annotations

import hashlib
import io
from pathlib import Path

import numpy as np
import pydicom
from PIL import Image
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.sequence import Sequence
from pydicom.uid import (
    ExplicitVRLittleEndian,
    JPEG2000Lossless,
    JPEGBaseline8Bit,
    JPEGLSLossless,
    RLELossless,
    SecondaryCaptureImageStorage,
)

from tests.benchmark.people import Fields

CLASSES = {
    "XA": "1.2.840.10008.5.1.4.1.1.12.1", "CT": "1.2.840.10008.5.1.4.1.1.2", "US": "1.2.840.10008.5.1.4.1.1.6.1",
    "USM": "1.2.840.10008.5.1.4.1.1.3.1", "CR": "1.2.840.10008.5.1.4.1.1.1", "SC": str(SecondaryCaptureImageStorage),
}  # fmt: skip
SYNTAXES = {
    "native": ExplicitVRLittleEndian,
    "rle": RLELossless,
    "jpeg": JPEGBaseline8Bit,
    "j2k": JPEG2000Lossless,
    "jls": JPEGLSLossless,
}


def header(fields: Fields, kind: str, seed: str) -> FileDataset:
    """A dataset of a kind with the patient's header; `seed` makes its UIDs."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = CLASSES[kind], _uid(seed, "instance")
    meta.TransferSyntaxUID, meta.ImplementationClassUID = ExplicitVRLittleEndian, _uid("deid-benchmark", "implementation")
    meta.SourceApplicationEntityTitle = fields["station"].upper()
    ds = FileDataset(None, {}, file_meta=meta, preamble=b"\0" * 128)
    ds.SpecificCharacterSet, ds.ImageType = "ISO_IR 100", ["ORIGINAL", "PRIMARY", "SINGLE PLANE"]
    ds.SOPClassUID, ds.SOPInstanceUID = meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID
    ds.StudyInstanceUID, ds.SeriesInstanceUID = _uid(fields["accession"], "study"), _uid(seed, "series")
    ds.PatientName, ds.PatientID = f"{fields['last']}^{fields['first']}", fields["mrn"]
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = fields["dob_iso"], fields["sex"], f"{int(fields['age']):03d}Y"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = fields["date_iso"]
    ds.StudyTime = ds.ContentTime = fields["time"].replace(":", "")
    ds.AccessionNumber, ds.StudyID, ds.Modality = fields["accession"], fields["visit"], kind[:2] if kind != "SC" else "OT"
    ds.ReferringPhysicianName = f"{fields['staff']}^{fields['staff_first']}"
    ds.InstitutionName, ds.InstitutionAddress, ds.StationName = (
        fields["hospital"],
        f"{fields['street']}, {fields['city']}",
        fields["station"],
    )
    ds.Manufacturer, ds.DeviceSerialNumber = "Example Imaging", fields["serial"]
    ds.StudyDescription, ds.SeriesDescription = fields["procedure"], f"{fields['protocol']} {fields['last']}"
    ds.OperatorsName, ds.PatientComments = fields["nurse"].replace(" ", "^"), f"Call {fields['phone']} for {fields['last']}"
    request = pydicom.Dataset()
    request.RequestedProcedureID, request.ScheduledProcedureStepDescription = (
        fields["visit"],
        f"{fields['procedure']} for {fields['last']}",
    )
    ds.RequestAttributesSequence = Sequence([request])
    block = ds.private_block(0x0019, "EXAMPLE ANGIO 1", create=True)
    block.add_new(0x10, "LO", f"{fields['first']} {fields['last']}")
    ds.SeriesNumber, ds.InstanceNumber, ds.BurnedInAnnotation = 1, 1, "YES"
    ds.PositionerPrimaryAngle, ds.PositionerSecondaryAngle = fields["lao"], fields["cran"]
    return ds


def strings(fields: Fields) -> tuple[str, ...]:
    """Values of the header that may not be in an output, in any encoding."""
    names = (
        "last",
        "mrn",
        "accession",
        "visit",
        "hospital",
        "station",
        "serial",
        "staff",
        "nurse",
        "phone",
        "dob_iso",
        "date_iso",
        "street",
    )
    return tuple(fields[name] for name in names if len(fields[name]) > 3)


def grey(ds: FileDataset, frames: np.ndarray, *, bits: int = 8, inverse: bool = False) -> FileDataset:
    """Put grey frames, (frames, rows, columns) uint8, uint16 or int16, into a dataset; `inverse` makes it MONOCHROME1."""
    if inverse:
        frames = (2**bits - 1) - frames
    ds.SamplesPerPixel, ds.PhotometricInterpretation = 1, "MONOCHROME1" if inverse else "MONOCHROME2"
    ds.PixelRepresentation = int(frames.dtype.kind == "i")
    return _pixels(ds, frames, bits)


def colour(ds: FileDataset, frames: np.ndarray, *, photometric: str = "RGB") -> FileDataset:
    """Put colour frames, (frames, rows, columns, 3) uint8 RGB, into a dataset as RGB or YBR_FULL."""
    if photometric == "YBR_FULL":
        frames = np.stack([np.asarray(Image.fromarray(frame).convert("YCbCr")) for frame in frames])
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PlanarConfiguration, ds.PixelRepresentation = 3, photometric, 0, 0
    return _pixels(ds, frames, 8)


def palette(ds: FileDataset, frame: np.ndarray) -> FileDataset:
    """Put an RGB frame, (rows, columns, 3), into a dataset as PALETTE COLOR."""
    image = Image.fromarray(frame).quantize(256, dither=Image.Dither.NONE)
    table = np.zeros((256, 3), np.uint16)
    found = np.array(image.getpalette(), np.uint16).reshape(-1, 3)
    table[: len(found)] = found * 257
    ds.SamplesPerPixel, ds.PhotometricInterpretation, ds.PixelRepresentation = 1, "PALETTE COLOR", 0
    for column, name in enumerate(("Red", "Green", "Blue")):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", table[:, column].tobytes())
    return _pixels(ds, np.asarray(image)[None], 8)


def save(ds: FileDataset, path: Path, syntax: str = "native") -> None:
    """Write a dataset in a transfer syntax: native, rle, jpeg (baseline), j2k or jls (both lossless)."""
    if syntax == "jpeg":
        _as_jpeg(ds)
    elif syntax != "native":
        ds.compress(SYNTAXES[syntax], generate_instance_uid=False)
    ds.save_as(path, enforce_file_format=True)


def _pixels(ds: FileDataset, frames: np.ndarray, bits: int) -> FileDataset:
    count, ds.Rows, ds.Columns = frames.shape[:3]
    ds.BitsAllocated = 8 if frames.dtype.itemsize == 1 else 16
    ds.BitsStored, ds.HighBit = bits, bits - 1
    if count > 1:
        ds.NumberOfFrames, ds.FrameTime, ds.CineRate = count, "66.7", 15
        ds.FrameIncrementPointer = 0x00181063
    ds.PixelData = frames.tobytes()
    ds["PixelData"].VR = "OB" if ds.BitsAllocated == 8 else "OW"
    return ds


def _as_jpeg(ds: FileDataset) -> None:
    frames = ds.pixel_array
    frames = frames if ds.get("NumberOfFrames", 1) > 1 else frames[None]
    coded = []
    for frame in frames:
        file = io.BytesIO()
        Image.fromarray(frame, mode=None if frame.ndim == 2 else "RGB").save(file, "JPEG", quality=90, subsampling=0)
        coded.append(file.getvalue())
    ds.PixelData = encapsulate(coded)
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    ds.file_meta.TransferSyntaxUID = JPEGBaseline8Bit
    ds.LossyImageCompression, ds.LossyImageCompressionRatio, ds.LossyImageCompressionMethod = "01", "8", "ISO_10918_1"
    if ds.SamplesPerPixel == 3:
        ds.PhotometricInterpretation = "YBR_FULL"


def _uid(*seed: str) -> str:
    return f"2.25.{int.from_bytes(hashlib.sha256('/'.join(seed).encode()).digest()[:15], 'big')}"
