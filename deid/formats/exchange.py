"""Values that callers of the library hold, as the bytes of a file and back: pydicom data sets and pixel arrays."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING

import pydicom
from pydicom.dataset import FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian

if TYPE_CHECKING:
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
