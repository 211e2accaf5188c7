"""Small DICOM files for tests, every attribute of our own making."""

import io

import numpy as np
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate, encapsulate_extended
from pydicom.uid import ExplicitVRLittleEndian

from deid.formats.dicom import Dicom
from deid.formats.dicom.quiet import quiet
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan

KEY = Key(b"k" * 32)
SECONDARY_CAPTURE = "1.2.840.10008.5.1.4.1.1.7"


def picture(rows=40, columns=64, samples=1, frames=1, dtype=np.uint8, top=200, seed=1):
    """Return (frames, rows, columns, samples) with structure and noise."""
    rng = np.random.default_rng(seed)
    ramp = np.add.outer(np.arange(rows), np.arange(columns))[None, ..., None] / (rows + columns)
    noise = rng.random((frames, rows, columns, samples)) * 0.2
    return ((ramp * 0.8 + noise) * top).astype(dtype)


def dataset(pixels, **attributes):
    """Return an identifying dataset around pixels (frames, rows, columns, samples); `attributes` are set over it."""
    frames, rows, columns, samples = pixels.shape
    ds = Dataset()
    ds.SpecificCharacterSet = "ISO_IR 192"
    ds.SOPClassUID, ds.SOPInstanceUID = SECONDARY_CAPTURE, "1.2.826.0.1.3680043.9.9999.1"
    ds.StudyInstanceUID, ds.SeriesInstanceUID = "1.2.826.0.1.3680043.9.9999.2", "1.2.826.0.1.3680043.9.9999.3"
    ds.PatientName, ds.PatientID = "Quimby^Leonora", "QX-778812"
    ds.PatientBirthDate, ds.PatientSex, ds.PatientAge = "19430217", "F", "081Y"
    ds.StudyDate = ds.SeriesDate = ds.ContentDate = "20240305"
    ds.StudyTime, ds.AccessionNumber, ds.StudyID = "101530", "ACC9917345", "ST-5512"
    ds.ReferringPhysicianName, ds.InstitutionName = "Ferrante^Ulisse", "Larkspur General"
    ds.Modality, ds.Manufacturer, ds.SeriesDescription = "OT", "Example Imaging", "CT HEAD for Leonora Quimby"
    ds.Rows, ds.Columns, ds.SamplesPerPixel = rows, columns, samples
    ds.NumberOfFrames = frames
    bits = pixels.dtype.itemsize * 8
    ds.BitsAllocated = ds.BitsStored = bits
    ds.HighBit, ds.PixelRepresentation = bits - 1, int(pixels.dtype.kind == "i")
    ds.PhotometricInterpretation = "MONOCHROME2" if samples == 1 else "RGB"
    if samples > 1:
        ds.PlanarConfiguration = 0
    ds.PixelData = pixels.tobytes() + b"\0" * (pixels.nbytes % 2)
    ds["PixelData"].VR = "OB" if bits == 8 else "OW"
    for name, value in attributes.items():
        setattr(ds, name, value)
    return ds


def encapsulated(ds, frames, extended=False):
    """Put encoded frames into a dataset."""
    if extended:
        ds.PixelData, ds.ExtendedOffsetTable, ds.ExtendedOffsetTableLengths = encapsulate_extended(frames)
    else:
        ds.PixelData = encapsulate(frames)
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    return ds


def file_of(ds, syntax=ExplicitVRLittleEndian, preamble=b"\0" * 128):
    """Write a dataset as a DICOM file."""
    meta = FileMetaDataset()
    meta.MediaStorageSOPClassUID, meta.MediaStorageSOPInstanceUID = ds.SOPClassUID, ds.SOPInstanceUID
    meta.TransferSyntaxUID, meta.ImplementationClassUID = syntax, "1.2.826.0.1.3680043.9.9999.9"
    meta.SourceApplicationEntityTitle = "LARKSPUR_CT1"
    out = io.BytesIO()
    ds.file_meta, ds.preamble = meta, preamble
    with quiet():
        ds.save_as(out, enforce_file_format=True)
    return out.getvalue()


class Masked:
    """Frames with a black box on some of them, as the pipeline hands them to a format."""

    def __init__(self, frames, box, on=(0,)):
        self._frames, self._box, self._on = frames, box, on

    def __getattr__(self, name):
        return getattr(self._frames, name)

    def touched(self, index):
        return index in self._on

    def stored(self, index):
        pixels = self._frames.taken(index)
        if index in self._on:
            x0, y0, x1, y1 = self._box
            pixels[y0:y1, x0:x1] = self._frames.black(index)
        return pixels


def cleaned(data, policy=None, plan=None, box=None, on=(0,), known=(), key=KEY):
    """Read and write a file; return (source instance, frames written, clean bytes, changes)."""
    policy = policy or Policy()
    instance = Dicom().read(data, policy)
    frames = Masked(instance.frames, box, on) if box else instance.frames
    out = io.BytesIO()
    changes = Dicom().write(instance, frames, plan or Plan(), key, known, policy, out)
    return instance, frames, out.getvalue(), changes
