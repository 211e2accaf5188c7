"""Bricks of the hostile set: a plain identifying dataset, raw attributes, files, burned-in text."""

from __future__ import annotations

import io
from dataclasses import dataclass, field

import cv2
import numpy as np
from pydicom.dataelem import RawDataElement
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.pixels import get_encoder
from pydicom.tag import Tag
from pydicom.uid import UID, ExplicitVRLittleEndian

from deid.formats.dicom.ljpeg import encode_lossless
from deid.formats.dicom.quiet import quiet

CLASSES = {
    "SC": "1.2.840.10008.5.1.4.1.1.7", "CT": "1.2.840.10008.5.1.4.1.1.2", "XA": "1.2.840.10008.5.1.4.1.1.12.1",
    "US": "1.2.840.10008.5.1.4.1.1.3.1", "SR": "1.2.840.10008.5.1.4.1.1.88.22", "PR": "1.2.840.10008.5.1.4.1.1.11.1",
    "RTSTRUCT": "1.2.840.10008.5.1.4.1.1.481.3", "ECG": "1.2.840.10008.5.1.4.1.1.9.1.1", "PDF": "1.2.840.10008.5.1.4.1.1.104.1",
}  # fmt: skip
ROWS, COLUMNS = 120, 200


@dataclass
class HostileFile:
    """One file of the set.

    `planted` are strings that may be nowhere in the output beside the patient's own; `burned` maps a frame to the glyph pixels of
    identifying text (rows, columns) bool; `keep` maps keywords to values that must stay; `refuse` is true where no output may come.
    """

    name: str
    kind: str
    person: object
    data: bytes = b""
    planted: list[str] = field(default_factory=list)
    burned: dict[int, np.ndarray] = field(default_factory=dict)
    keep: dict[str, str] = field(default_factory=dict)
    refuse: bool = False


def base(person, kind="SC", number=1, pixels=True):
    """An honest dataset of a patient; small grey picture unless `pixels` is false."""
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = CLASSES[kind], f"{person.uid_root}.1.{number}"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = f"{person.uid_root}.{person.birth}", f"{person.uid_root}.2.{number % 3 + 1}"
    ds.PatientName, ds.PatientID, ds.PatientBirthDate, ds.PatientSex = person.name, person.mrn, person.birth, "O"
    ds.StudyDate = ds.SeriesDate = person.study_date
    ds.ContentDate = f"{int(person.study_date[:4]) + 1}0117"
    ds.StudyTime = ds.SeriesTime = ds.ContentTime = "081522"
    ds.AccessionNumber, ds.StudyID = person.accession, person.accession[-5:]
    ds.ReferringPhysicianName, ds.InstitutionName, ds.StationName = person.physician, person.hospital, person.station
    ds.DeviceSerialNumber, ds.Modality = person.serial, kind if kind not in ("SC", "PDF") else "OT"
    ds.Manufacturer, ds.InstanceNumber, ds.SeriesNumber = "Philips", number, 3
    ds.SeriesDescription, ds.StudyDescription = "CT HEAD", "Cerebral angiogram"
    if kind == "SC":
        ds.ConversionType = "WSD"
    if pixels:
        picture(ds, np.zeros((1, ROWS, COLUMNS, 1), np.uint8) + background(number))
    return ds


def background(number=1):
    """A grey ramp with noise, (rows, columns, 1) uint8."""
    rng = np.random.default_rng(number)
    ramp = np.add.outer(np.arange(ROWS), np.arange(COLUMNS))[..., None] / (ROWS + COLUMNS) * 90
    return (ramp + rng.normal(20, 3, (ROWS, COLUMNS, 1))).clip(0, 255).astype(np.uint8)


def picture(ds, pixels, photometric=None, stored=None):
    """Set pixels (frames, rows, columns, samples) and the attributes that describe them."""
    frames, ds.Rows, ds.Columns, ds.SamplesPerPixel = pixels.shape
    if frames > 1:
        ds.NumberOfFrames = frames
    bits = pixels.dtype.itemsize * 8
    ds.BitsAllocated, ds.BitsStored, ds.PixelRepresentation = bits, stored or bits, int(pixels.dtype.kind == "i")
    ds.HighBit = ds.BitsStored - 1
    ds.PhotometricInterpretation = photometric or ("MONOCHROME2" if pixels.shape[3] == 1 else "RGB")
    if pixels.shape[3] > 1:
        ds.PlanarConfiguration = 0
    ds.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"


def raw(ds, tag, vr, value):
    """Set an attribute byte by byte, whatever the dictionary says of it."""
    value += b"\0" * (len(value) % 2)
    ds._dict[Tag(tag)] = RawDataElement(Tag(tag), vr, len(value), value, 0, False, True)


def file_of(ds, syntax=ExplicitVRLittleEndian, preamble=b"\0" * 128, meta=None):
    """Write a dataset as a file."""
    head = FileMetaDataset()
    head.MediaStorageSOPClassUID, head.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    head.TransferSyntaxUID, head.ImplementationClassUID = syntax, "1.2.826.0.1.3680043.9.1"
    for name, value in (meta or {}).items():
        setattr(head, name, value)
    ds.file_meta, ds.preamble = head, preamble
    out = io.BytesIO()
    with quiet():
        ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


def encoded(pixels, ds, syntax):
    """Encode one frame (rows, columns, samples) in a syntax."""
    if syntax.endswith(".70"):
        coded = encode_lossless(pixels.astype(np.uint16), ds.BitsStored)
    elif syntax.endswith(".50"):
        frame = pixels if pixels.shape[2] == 1 else cv2.cvtColor(pixels, cv2.COLOR_RGB2BGR)
        coded = cv2.imencode(".jpg", frame, [cv2.IMWRITE_JPEG_QUALITY, 92])[1].tobytes()
    else:
        photometric = "YBR_RCT" if ".4.9" in syntax and pixels.shape[2] == 3 else ds.PhotometricInterpretation
        options = {
            "rows": ds.Rows, "columns": ds.Columns, "samples_per_pixel": ds.SamplesPerPixel, "bits_allocated": ds.BitsAllocated,
            "bits_stored": ds.BitsStored, "pixel_representation": ds.PixelRepresentation, "number_of_frames": 1,
            "photometric_interpretation": photometric, "planar_configuration": 0,
        }  # fmt: skip
        coded = get_encoder(UID(syntax)).encode(pixels if pixels.shape[2] == 3 else pixels[..., 0], **options)
    return coded + b"\0" * (len(coded) % 2)


def encapsulated(ds, pixels, syntax):
    """Encode all frames into a dataset and return the file."""
    picture(ds, pixels, stored=None)
    if syntax.endswith(".50") and pixels.shape[3] == 3:
        ds.PhotometricInterpretation = "YBR_FULL_422"
    if ".4.9" in syntax and pixels.shape[3] == 3:
        ds.PhotometricInterpretation = "YBR_RCT"
    ds.PixelData = encapsulate([encoded(frame, ds, syntax) for frame in pixels])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    return file_of(ds, syntax)


def glyphs(text, rows=ROWS, columns=COLUMNS, origin=(6, 22), scale=0.55):
    """Pixels of a text, (rows, columns) bool."""
    canvas = np.zeros((rows, columns), np.uint8)
    cv2.putText(canvas, text, origin, cv2.FONT_HERSHEY_SIMPLEX, scale, 255, 1, cv2.LINE_8)
    return canvas > 0
