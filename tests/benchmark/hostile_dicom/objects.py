"""Objects that are no plain images: reports, presentation states, structure sets, waveforms, documents, a DICOMDIR."""

from __future__ import annotations

import numpy as np
from pydicom.dataset import Dataset

from tests.benchmark.hostile_dicom.build import HostileFile, base, file_of


def entries(person, number):
    """Yield the object files of one patient; they refer to the patient's first image."""
    image = base(person, number=1)
    yield HostileFile(
        f"objects/{person.mrn}-sr.dcm",
        "structured report",
        person,
        file_of(_report(person, number, image)),
        keep={"Modality": "SR"},
    )
    yield HostileFile(
        f"objects/{person.mrn}-pr.dcm",
        "presentation state",
        person,
        file_of(_state(person, number + 1, image)),
        keep={"Modality": "PR"},
    )
    yield HostileFile(
        f"objects/{person.mrn}-rt.dcm",
        "structure set",
        person,
        file_of(_structures(person, number + 2, image)),
        keep={"Modality": "RTSTRUCT"},
    )
    yield HostileFile(
        f"objects/{person.mrn}-ecg.dcm", "waveform", person, file_of(_waveform(person, number + 3)), keep={"Modality": "ECG"}
    )
    document = base(person, "PDF", number + 4, pixels=False)
    document.DocumentTitle, document.MIMETypeOfEncapsulatedDocument = person.name, "application/pdf"
    document.EncapsulatedDocument = b"%PDF-1.4 " + person.family.encode() + b" " * (1 - len(person.family) % 2)
    yield HostileFile(f"objects/{person.mrn}-pdf.dcm", "encapsulated PDF", person, file_of(document), refuse=True)
    yield HostileFile(f"objects/{person.mrn}-DICOMDIR", "DICOMDIR", person, _directory(person, number + 5), refuse=True)


def reference(image):
    """An item that points to an image."""
    item = Dataset()
    item.ReferencedSOPClassUID, item.ReferencedSOPInstanceUID = image.SOPClassUID, image.SOPInstanceUID
    return item


def _code(value, scheme, meaning):
    item = Dataset()
    item.CodeValue, item.CodingSchemeDesignator, item.CodeMeaning = value, scheme, meaning
    return item


def _content(kind, concept, **attributes):
    item = Dataset()
    item.RelationshipType, item.ValueType, item.ConceptNameCodeSequence = "CONTAINS", kind, [concept]
    for keyword, value in attributes.items():
        setattr(item, keyword, value)
    return item


def _report(person, number, image):
    ds = base(person, "SR", number, pixels=False)
    ds.ValueType, ds.ContinuityOfContent, ds.CompletionFlag, ds.VerificationFlag = "CONTAINER", "SEPARATE", "COMPLETE", "VERIFIED"
    ds.ConceptNameCodeSequence = [_code("126000", "DCM", "Imaging Measurement Report")]
    observer = Dataset()
    observer.VerifyingObserverName, observer.VerifyingOrganization = person.physician, person.hospital
    observer.VerificationDateTime, observer.VerifyingObserverIdentificationCodeSequence = (
        f"{person.study_date}120000",
        [_code(person.serial, "99X", person.physician)],
    )
    ds.VerifyingObserverSequence = [observer]
    measured = Dataset()
    measured.NumericValue, measured.MeasurementUnitsCodeSequence = "4.2", [_code("mm", "UCUM", "mm")]
    picture = _content("IMAGE", _code("121200", "DCM", "Illustration of ROI"), ReferencedSOPSequence=[reference(image)])
    ds.ContentSequence = [
        _content(
            "TEXT", _code("121071", "DCM", "Finding"), TextValue=f"Aneurysm in {person.given} {person.family}, MRN {person.mrn}"
        ),
        _content("PNAME", _code("121008", "DCM", "Person Observer Name"), PersonName=person.physician),
        _content("DATE", _code("121125", "DCM", "DateTime of Process"), Date=person.study_date),
        _content("UIDREF", _code("121012", "DCM", "Device Observer UID"), UID=f"{person.uid_root}.77.{person.birth}"),
        _content("NUM", _code("410668003", "SCT", "Length"), MeasuredValueSequence=[measured]),
        _content(
            "CODE", _code("121023", "DCM", "Procedure Code"), ConceptCodeSequence=[_code("L1", "99LOC", f"{person.family} special")]
        ),
        picture,
    ]
    return ds


def _state(person, number, image):
    ds = base(person, "PR", number, pixels=False)
    ds.ContentLabel, ds.ContentDescription, ds.ContentCreatorName = person.family.upper()[:16], person.family, person.physician
    ds.PresentationCreationDate, ds.PresentationCreationTime = person.study_date, "101010"
    text = Dataset()
    text.UnformattedTextValue, text.BoundingBoxAnnotationUnits = f"{person.family} {person.birth}", "PIXEL"
    text.BoundingBoxTopLeftHandCorner, text.BoundingBoxBottomRightHandCorner = [1.0, 1.0], [50.0, 10.0]
    note = Dataset()
    note.GraphicLayer, note.TextObjectSequence, note.ReferencedImageSequence = "LAYER1", [text], [reference(image)]
    ds.GraphicAnnotationSequence = [note]
    series = Dataset()
    series.SeriesInstanceUID, series.ReferencedImageSequence = image.SeriesInstanceUID, [reference(image)]
    ds.ReferencedSeriesSequence = [series]
    layer = Dataset()
    layer.GraphicLayer, layer.GraphicLayerOrder, layer.GraphicLayerDescription = "LAYER1", 1, f"notes of {person.physician}"
    ds.GraphicLayerSequence = [layer]
    return ds


def _structures(person, number, image):
    ds = base(person, "RTSTRUCT", number, pixels=False)
    ds.StructureSetLabel, ds.StructureSetName, ds.StructureSetDescription = (
        person.family[:16],
        person.name,
        f"plan for {person.family}",
    )
    ds.StructureSetDate, ds.StructureSetTime = person.study_date, "111111"
    region = Dataset()
    region.ROINumber, region.ReferencedFrameOfReferenceUID, region.ROIName = 1, f"{person.uid_root}.5", f"GTV {person.family}"
    region.ROIDescription, region.ROIGenerationAlgorithm = f"drawn by {person.physician}", "MANUAL"
    ds.StructureSetROISequence = [region]
    contour = Dataset()
    contour.ContourGeometricType, contour.NumberOfContourPoints, contour.ContourData = "POINT", 1, ["1.5", "2.5", "3.5"]
    contour.ContourImageSequence = [reference(image)]
    drawn = Dataset()
    drawn.ReferencedROINumber, drawn.ContourSequence = 1, [contour]
    ds.ROIContourSequence = [drawn]
    seen = Dataset()
    seen.ObservationNumber, seen.ReferencedROINumber, seen.ROIInterpreter, seen.RTROIInterpretedType = 1, 1, person.physician, "GTV"
    ds.RTROIObservationsSequence = [seen]
    return ds


def _waveform(person, number):
    ds = base(person, "ECG", number, pixels=False)
    ds.AcquisitionDateTime, ds.AcquisitionContextSequence = f"{person.study_date}080000", []
    channel = Dataset()
    channel.ChannelLabel, channel.WaveformBitsStored = person.family[:16], 16
    channel.ChannelSourceSequence = [_code("2:1", "MDC", "Lead I")]
    group = Dataset()
    group.WaveformOriginality, group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = "ORIGINAL", 1, 64
    group.SamplingFrequency, group.MultiplexGroupLabel, group.ChannelDefinitionSequence = "500", person.family[:16], [channel]
    group.WaveformBitsAllocated, group.WaveformSampleInterpretation = 16, "SS"
    group.add_new(0x54001010, "OW", np.arange(64, dtype="<i2").tobytes())
    ds.WaveformSequence = [group]
    note = Dataset()
    note.UnformattedTextValue, note.ReferencedWaveformChannels = f"ECG of {person.given} {person.family}", [1, 1]
    ds.WaveformAnnotationSequence = [note]
    return ds


def _directory(person, number):
    record = Dataset()
    record.OffsetOfTheNextDirectoryRecord, record.RecordInUseFlag, record.OffsetOfReferencedLowerLevelDirectoryEntity = 0, 0xFFFF, 0
    record.DirectoryRecordType, record.PatientName, record.PatientID = "PATIENT", person.name, person.mrn
    ds = Dataset()
    ds.SOPClassUID, ds.SOPInstanceUID = "1.2.840.10008.1.3.10", f"{person.uid_root}.8.{number}"
    ds.FileSetID, ds.FileSetConsistencyFlag, ds.DirectoryRecordSequence = person.family.upper()[:16], 0, [record]
    ds.OffsetOfTheFirstDirectoryRecordOfTheRootDirectoryEntity = ds.OffsetOfTheLastDirectoryRecordOfTheRootDirectoryEntity = 0
    return file_of(ds)
