"""Identifiers in headers: nested, private, unknown, mislabelled, spelled in other ways, in other character sets."""

from __future__ import annotations

import zlib

from pydicom.dataset import Dataset

from tests.benchmark.hostile_dicom.build import HostileFile, base, file_of, raw

_TEXT_TAGS = {
    "BodyPartExamined": "CS",
    "ImageType": "CS",
    "Manufacturer": "LO",
    "ManufacturerModelName": "LO",
    "SoftwareVersions": "LO",
    "ProtocolName": "LO",
    "SequenceName": "SH",
    "ContrastBolusAgent": "LO",
    "ImageComments": "LT",
    "DerivationDescription": "ST",
    "PatientComments": "LT",
    "AdditionalPatientHistory": "LT",
    "RequestedProcedureDescription": "LO",
    "AcquisitionDeviceProcessingDescription": "LO",
    "ReasonForStudy": "LO",
    "StudyComments": "LT",
    "FilterType": "SH",
    "ConvolutionKernel": "SH",
    "ReceiveCoilName": "SH",
}
_CHARSETS = {
    "ISO_IR 100": "Müßlerqvist^Jürgen",
    "ISO_IR 101": "Czárnoczki^Łuzja",
    "ISO_IR 144": "Полуэктовский^Ратмир",
    "ISO_IR 126": "Διονυσοπούλου^Θάλεια",
    "ISO_IR 127": "قبانيزاده^نورهان",
    "ISO_IR 138": "שרעבימן^נעמילה",
    "GB18030": "欧阳鑫淼^霁月",
    "ISO_IR 192": "Nguyễnpham^Thảovy",
}


def variants(person):
    """Ways in which people write a name, an id, a day."""
    f, g, m, b = person.family, person.given, person.mrn, person.birth
    return (
        f"{g} {f}",
        f"{f}, {g}",
        f.upper(),
        f"Mr. {f}",
        f"{g[0]}. {f}",
        f"{f.lower()}{g.lower()}",
        f"{f}_{g}",
        f"MRN {m}",
        m.replace("-", ""),
        m.replace("-", " "),
        f"DOB {b[6:]}.{b[4:6]}.{b[:4]}",
        f"born {b[4:6]}/{b[6:]}/{b[:4]}",
        f"{b[:4]}-{b[4:6]}-{b[6:]}",
        f"acc {person.accession}",
        f"at {person.hospital}",
        f"Dr. {person.physician}",
        f"tel {person.phone}",
    )


def entries(person, number):
    """Yield the header files of one patient."""
    yield from _texts(person, number)
    yield from _hidden(person, number + 20)
    yield from _nested(person, number + 30)
    yield from _names(person, number + 40)


def _texts(person, number):
    for at, text in enumerate(variants(person)):
        ds = base(person, number=number + at % 3)
        ds.StudyDescription, ds.SeriesDescription = f"CT HEAD for {text}", "AXIAL 5.0 mm"
        ds.ImageComments = f"{text} - contrast run 3"
        keep = {"SeriesDescription": "AXIAL 5.0 mm", "StudyDescription~": "CT HEAD", "Manufacturer": "Philips"}
        yield HostileFile(f"text/{person.mrn}-{at}.dcm", "free text", person, file_of(ds), _own(person, text), {}, keep)
    ds = base(person, number=number)
    for keyword in _TEXT_TAGS:
        setattr(ds, keyword, person.family.upper())
    ds.ImageType = ["ORIGINAL", "PRIMARY", person.family.upper()]
    yield HostileFile(f"text/{person.mrn}-tags.dcm", "name in technical text", person, file_of(ds), [person.family.upper()])


def _own(person, text):
    """Identifying pieces of a text that the patient's own list does not hold as they stand."""
    words = [word.strip(".,") for word in text.split()]
    return [word for word in words if len(word) > 4 and any(part.lower() in word.lower() for part in (person.family, person.given))]


def _hidden(person, number):
    text = f"{person.family} {person.mrn}".encode()

    def one(kind, fill, planted=(), **keep):
        ds = base(person, number=number)
        fill(ds)
        return HostileFile(f"hidden/{person.mrn}-{kind}.dcm", kind, person, file_of(ds), list(planted), {}, keep)

    def private(ds, vr, value, creator="ZORKWORKS 1"):
        block = ds.private_block(0x0029, creator, create=True)
        block.add_new(0x10, vr, value)

    def private_sequence(ds):
        inner = Dataset()
        inner.PatientName, inner.add_new = person.name, inner.add_new
        private(ds, "SQ", [inner])

    yield one("private LO", lambda ds: private(ds, "LO", text.decode()))
    yield one("private SQ", private_sequence)
    yield one("private creator", lambda ds: private(ds, "LO", "x", creator=person.family))
    yield one("private without creator", lambda ds: raw(ds, 0x00291010, "LO", text))
    yield one("private UN", lambda ds: raw(ds, 0x00311011, "UN", text))
    yield one("private OB zlib", lambda ds: raw(ds, 0x00311012, "OB", zlib.compress(text)))
    yield one("private OB UTF-16", lambda ds: raw(ds, 0x00311013, "OB", text.decode().encode("utf-16-le")))
    yield one("unknown UN", lambda ds: raw(ds, 0x00189876, "UN", text))
    yield one("unknown UC", lambda ds: raw(ds, 0x00189878, "UC", text))
    yield one("unknown group", lambda ds: raw(ds, 0x07770010, "LO", text))
    yield one("known tag as UN", lambda ds: raw(ds, 0x00104000, "UN", text))
    yield one("number as LO", lambda ds: raw(ds, 0x00180050, "LO", text))
    yield one("number with text", lambda ds: raw(ds, 0x00180060, "DS", text[:14]), planted=[text[:10].decode()])
    yield one("id in IS", lambda ds: raw(ds, 0x00200012, "IS", person.mrn[-8:].encode()), planted=[person.mrn[-8:]])
    yield one("name as OB", lambda ds: raw(ds, 0x00100010, "OB", text))
    yield one("date with text", lambda ds: raw(ds, 0x00080022, "DA", person.family.encode()[:8]), planted=[person.family[:8]])
    yield one("time with text", lambda ds: raw(ds, 0x00080032, "TM", person.family.encode()))
    yield one("uid with text", lambda ds: raw(ds, 0x00200052, "UI", text))
    yield one("uid that spells", lambda ds: setattr(ds, "FrameOfReferenceUID", f"1.2.840.113619.{person.birth}.{person.mrn[-8:]}"))
    yield one("public root uid", lambda ds: setattr(ds, "FrameOfReferenceUID", f"1.2.840.10008.{person.birth}"))
    yield one(
        "UR", lambda ds: raw(ds, 0x00081190, "UR", b"http://" + person.family.encode() + b".example/" + text.replace(b" ", b"/"))
    )
    yield one("AE", lambda ds: raw(ds, 0x00080054, "AE", person.family.encode()))
    yield one("curve", lambda ds: (raw(ds, 0x50000022, "LO", text), raw(ds, 0x50003000, "OW", text)))
    yield one(
        "overlay texts",
        lambda ds: (raw(ds, 0x60000022, "LO", text), raw(ds, 0x60001500, "LO", text), raw(ds, 0x60004000, "LT", text)),
    )
    yield one("icc", lambda ds: raw(ds, 0x00282000, "OB", b"\0" * 128 + text))
    yield one("padding attribute", lambda ds: raw(ds, 0xFFFCFFFC, "OB", text))
    yield one("command group", lambda ds: raw(ds, 0x00081000, "LO", text))
    yield one("age over 89", lambda ds: setattr(ds, "PatientAge", "103Y"), planted=["103Y"])
    yield one("palette label", lambda ds: raw(ds, 0x00281199, "UI", b"1.2.3." + person.birth.encode()))
    yield one("many values", lambda ds: setattr(ds, "OtherPatientIDs", [person.mrn, person.family, person.accession]))
    yield one("long text", lambda ds: setattr(ds, "ImageComments", "normal run " * 400 + person.family + " again" * 300))


def _nested(person, number):
    def three_deep(leaf):
        for keyword in ("RequestedProcedureCodeSequence", "RequestAttributesSequence", "PerformedProtocolCodeSequence"):
            outer = Dataset()
            setattr(outer, keyword, [leaf])
            leaf = outer
        return leaf

    leaf = Dataset()
    leaf.CodeValue, leaf.CodingSchemeDesignator, leaf.CodeMeaning = "Q7", "99ZORK", f"Protocol of {person.family}"
    leaf.PatientName, leaf.PatientID, leaf.StudyDate = person.name, person.mrn, person.study_date
    leaf.add_new(0x00091001, "LO", person.family)
    raw(leaf, 0x60000022, "LO", person.family.encode())
    ds = base(person, number=number)
    ds.update(three_deep(leaf))
    yield HostileFile(f"nested/{person.mrn}-deep.dcm", "three sequences deep", person, file_of(ds))

    request = Dataset()
    request.StudyID, request.RequestedProcedureID = person.accession, person.mrn
    request.RequestedProcedureDescription = f"CT HEAD {person.family}"
    ds = base(person, number=number + 1)
    ds.RequestAttributesSequence = [request]
    ds.OtherPatientIDsSequence = [_identified(person)]
    ds.OriginalAttributesSequence = [_original(person)]
    yield HostileFile(f"nested/{person.mrn}-request.dcm", "request and original attributes", person, file_of(ds))

    signature = Dataset()
    signature.MACIDNumber, signature.DigitalSignatureUID = 1, f"{person.uid_root}.9.{person.birth}"
    signature.CertificateType, signature.CertificateOfSigner = "X509_1993_SIG", b"CN=" + person.physician.encode() + b" "
    signature.Signature = person.family.encode() + b"\0" * (len(person.family) % 2)
    ds = base(person, number=number + 2)
    ds.DigitalSignaturesSequence = [signature]
    yield HostileFile(f"nested/{person.mrn}-signature.dcm", "digital signature", person, file_of(ds))

    icon = Dataset()
    icon.Rows = icon.Columns = 8
    icon.SamplesPerPixel, icon.PhotometricInterpretation, icon.BitsAllocated, icon.BitsStored, icon.HighBit = (
        1,
        "MONOCHROME2",
        8,
        8,
        7,
    )
    icon.PixelRepresentation, icon.PixelData = 0, (person.family.encode() * 8)[:64]
    icon["PixelData"].VR = "OB"
    ds = base(person, number=number + 3)
    ds.IconImageSequence = [icon]
    yield HostileFile(f"nested/{person.mrn}-icon.dcm", "icon", person, file_of(ds))


def _identified(person):
    item = Dataset()
    item.PatientID, item.IssuerOfPatientID, item.TypeOfPatientID = person.mrn, person.hospital, "TEXT"
    return item


def _original(person):
    modified = Dataset()
    modified.PatientName, modified.PatientID = person.name, person.mrn
    item = Dataset()
    item.ModifiedAttributesSequence, item.AttributeModificationDateTime = [modified], f"{person.study_date}101112"
    item.ModifyingSystem, item.SourceOfPreviousValues, item.ReasonForTheAttributeModification = (
        person.station,
        person.hospital,
        "COERCE",
    )
    return item


def _names(person, number):
    for at, (charset, name) in enumerate(_CHARSETS.items()):
        ds = base(person, number=number + at)
        ds.SpecificCharacterSet = charset
        ds.PatientName = name
        family = name.split("^")[0]
        ds.SeriesDescription = f"CT HEAD {family}"
        yield HostileFile(
            f"names/{person.mrn}-{at}.dcm",
            f"character set {charset}",
            person,
            file_of(ds),
            name.split("^"),
            {},
            {"SeriesDescription~": "CT HEAD"},
        )
    ds = base(person, number=number + 9)
    ds.SpecificCharacterSet = ["ISO_IR 13", "ISO 2022 IR 87"]
    ds.PatientName = "ﾔﾏﾀﾞｸﾛ^ﾀﾛｲﾁ=山田黒^太郎壱=やまだくろ^たろいち"
    ds.ImageComments = "造影 山田黒"
    yield HostileFile(
        f"names/{person.mrn}-groups.dcm", "three component groups", person, file_of(ds), ["ﾔﾏﾀﾞｸﾛ", "山田黒", "太郎壱", "やまだくろ"]
    )
    ds = base(person, number=number + 10)
    ds.SpecificCharacterSet = "ISO_IR 6"
    raw(ds, 0x00100010, "PN", "Grünwaldner^Sépia".encode("latin-1"))
    raw(ds, 0x00204000, "LT", "run for Grünwaldner".encode("latin-1"))
    yield HostileFile(
        f"names/{person.mrn}-undeclared.dcm", "undeclared character set", person, file_of(ds), ["Grünwaldner", "Sépia"]
    )
