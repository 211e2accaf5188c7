"""Say truthfully in the header what was done (PS3.15 E.1, CID 7050)."""

from __future__ import annotations

from typing import Final

from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.uid import UID

from deid.policy import Policy

# A constant: the same source gives the same bytes with every release that does the same. What was done, the codes say.
METHOD: Final = "DEID-TOOLKIT PS3.15-2026C"
IMPLEMENTATION_CLASS: Final = "2.25.149062699109579501533490021075278983850"
IMPLEMENTATION_VERSION: Final = "DEID_TOOLKIT"
_BASIC: Final = ("113100", "Basic Application Confidentiality Profile")
_PIXELS: Final = ("113101", "Clean Pixel Data Option")
METHOD_CODES: Final = {
    "clean_graphics": ("113103", "Clean Graphics Option"),
    "clean_structured_content": ("113104", "Clean Structured Content Option"),
    "clean_descriptors": ("113105", "Clean Descriptors Option"),
    "retain_full_dates": ("113106", "Retain Longitudinal Temporal Information Full Dates Option"),
    "retain_modified_dates": ("113107", "Retain Longitudinal Temporal Information Modified Dates Option"),
    "retain_patient_characteristics": ("113108", "Retain Patient Characteristics Option"),
    "retain_device": ("113109", "Retain Device Identity Option"),
    "retain_uids": ("113110", "Retain UIDs Option"),
    "retain_safe_private": ("113111", "Retain Safe Private Option"),
    "retain_institution": ("113112", "Retain Institution Identity Option"),
}


def state(clean: Dataset, policy: Policy, has_pixels: bool) -> None:
    """Write the de-identification attributes into a clean dataset.

    113101 and BurnedInAnnotation NO are true only because no file with pixels is released before all its frames were
    searched, masked and searched again. 113102 (Clean Recognizable Visual Features) is never claimed.
    """
    codes = [
        _BASIC,
        *([_PIXELS] if has_pixels else ()),
        *(code for name, code in METHOD_CODES.items() if _earned(name, clean, policy)),
    ]
    clean.PatientIdentityRemoved = "YES"
    clean.DeidentificationMethod = METHOD
    clean.DeidentificationMethodCodeSequence = [_code(*code) for code in codes]
    clean.LongitudinalTemporalInformationModified = _dates(policy)
    if has_pixels:
        clean.BurnedInAnnotation = "NO"


def file_meta(clean: Dataset, syntax: UID) -> FileMetaDataset:
    """Return file meta information made anew: no application title, no private part of the source."""
    meta = FileMetaDataset()
    meta.FileMetaInformationVersion = b"\0\1"
    meta.MediaStorageSOPClassUID = clean.get("SOPClassUID", "")
    meta.MediaStorageSOPInstanceUID = clean.get("SOPInstanceUID", "")
    meta.TransferSyntaxUID = syntax
    meta.ImplementationClassUID = IMPLEMENTATION_CLASS
    meta.ImplementationVersionName = IMPLEMENTATION_VERSION
    return meta


def _earned(name: str, clean: Dataset, policy: Policy) -> bool:
    if not getattr(policy, name):
        return False
    if name == "retain_full_dates":
        return not policy.retain_modified_dates
    if name == "clean_structured_content":
        return any(word in clean for word in ("ContentSequence", "AcquisitionContextSequence", "SpecimenPreparationSequence"))
    if name == "clean_graphics":
        return "GraphicAnnotationSequence" in clean or any(element.tag.group >> 8 == 0x60 for element in clean)
    return True


def _dates(policy: Policy) -> str:
    if policy.retain_modified_dates:
        return "MODIFIED"
    return "UNMODIFIED" if policy.retain_full_dates else "REMOVED"


def _code(value: str, meaning: str) -> Dataset:
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, "DCM", meaning
    return item
