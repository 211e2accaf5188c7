"""Values that callers of the library hold, as the bytes of a file and back: pydicom data sets and pixel arrays."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.pixels import get_decoder
from pydicom.uid import UID, AllTransferSyntaxes, ExplicitVRLittleEndian, generate_uid

from deid.formats.dicom.codecs import JPEG_LOSSLESS

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from pydicom.dataset import Dataset


def dataset_to_bytes(dataset: Dataset) -> bytes:
    """Write a data set as a DICOM file, without changing it; one without transfer syntax is written Explicit VR Little Endian.

    Raises
    ------
    ValueError, AttributeError, KeyError
        Where pydicom cannot write it.
    """
    copy = pydicom.Dataset(dataset)
    copy.file_meta = FileMetaDataset(getattr(dataset, "file_meta", None) or {})
    if "TransferSyntaxUID" not in copy.file_meta:
        copy.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    buffer = io.BytesIO()
    pydicom.dcmwrite(buffer, copy, enforce_file_format=True)
    return buffer.getvalue()


def dataset_from_bytes(data: bytes) -> Dataset:
    """Read a DICOM file as a data set."""
    return pydicom.dcmread(io.BytesIO(data))


def transfer_syntaxes() -> dict[str, bool]:
    """Name every compressed transfer syntax of still pictures, and whether an installed codec decodes it."""
    return {uid.name: _is_decoded(uid) for uid in AllTransferSyntaxes if uid.name.startswith(("JPEG", "RLE", "High"))}


def _is_decoded(uid: UID) -> bool:
    if uid in JPEG_LOSSLESS:
        return True
    try:
        return bool(get_decoder(uid).is_available)
    except NotImplementedError:
        return False


def example_dataset(pixels: NDArray[np.uint8]) -> Dataset:
    """Make a synthetic X-ray angiography object with an invented patient, from grey pixels (rows, columns)."""
    dataset = pydicom.Dataset()
    dataset.SOPClassUID = "1.2.840.10008.5.1.4.1.1.12.1"
    dataset.SOPInstanceUID, dataset.StudyInstanceUID, dataset.SeriesInstanceUID = (
        generate_uid(entropy_srcs=["deid", str(number)]) for number in range(3)
    )
    dataset.PatientName, dataset.PatientID, dataset.PatientBirthDate = "DOE^JANE", "4471902", "19570504"
    dataset.PatientSex, dataset.PatientAge, dataset.StudyDate, dataset.StudyTime = "F", "067Y", "20240312", "140500"
    dataset.AccessionNumber, dataset.InstitutionName, dataset.Modality = "A20240312-77", "Example General Hospital", "XA"
    dataset.SeriesDescription = "LEFT ICA DSA"
    dataset.Rows, dataset.Columns = pixels.shape
    dataset.SamplesPerPixel, dataset.PhotometricInterpretation = 1, "MONOCHROME2"
    dataset.BitsAllocated = dataset.BitsStored = 8
    dataset.HighBit, dataset.PixelRepresentation = 7, 0
    dataset.add_new("PixelData", "OB", pixels.tobytes())
    return dataset
