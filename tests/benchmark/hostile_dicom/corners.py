"""Identifiers in corners: kinds that lie, tables that are too long, items with a character set of their own, odd streams."""

from __future__ import annotations

import struct

import numpy as np
from pydicom.dataset import Dataset
from pydicom.encaps import encapsulate
from pydicom.uid import ImplicitVRLittleEndian

from tests.benchmark.hostile_dicom.build import COLUMNS, ROWS, HostileFile, background, base, encoded, file_of, picture, raw

_JAPANESE = "山田黒太郎"


def entries(person, number):
    """Yield the corner files of one patient."""
    yield from _kinds(person, number)
    yield from _tables(person, number + 10)
    yield from _items(person, number + 20)
    yield from _streams(person, number + 30)


def _file(person, kind, ds, planted=(), syntax=None, **keep):
    data = file_of(ds) if syntax is None else file_of(ds, syntax)
    return HostileFile(f"corner/{person.mrn}-{kind}.dcm", kind, person, data, list(planted), {}, keep)


def _kinds(person, number):
    """Texts under a VR that is not theirs, codes and numbers that are none."""
    text = f"{person.family} {person.given}".encode()
    for vr in ("AE", "PN", "UR", "UC", "ST", "CS", "LT"):
        ds = base(person, number=number)
        raw(ds, 0x0008103E, vr, text)
        raw(ds, 0x00181030, vr, b"Seen by Zorvanek Quillmane")
        yield _file(person, f"description as {vr}", ds)
    for kind, value, scheme, version in (
        ("code of a public scheme", person.mrn, "SCT", ""),
        ("version of a scheme", "80146002", "SCT", person.birth),
        ("scheme that spells", "Q1", person.family[:16], ""),
    ):
        ds, code = base(person, number=number), Dataset()
        code.CodeValue, code.CodingSchemeDesignator, code.CodeMeaning = value, scheme, "Procedure"
        if version:
            code.CodingSchemeVersion = version
        ds.AnatomicRegionSequence = [code]
        yield _file(person, kind, ds)
    ds = base(person, number=number)
    ds.ImageComments = f"run of {person.family[:3]}\u200b{person.family[3:]} \u00ad{person.given[:4]}\u00ad{person.given[4:]}"
    yield _file(person, "soft hyphens in a name", ds, [f"{person.family[:3]}\u200b{person.family[3:]}"])
    ds = base(person, number=number)
    ds.SpecificCharacterSet = "ISO_IR 6"
    raw(ds, 0x00204000, "LT", f"run for {_JAPANESE}".encode("iso2022_jp"))
    yield _file(person, "escapes of no declared character set", ds, [_JAPANESE])
    ds = base(person, number=number)
    raw(ds, 0x40004000, "LT", text)
    raw(ds, 0x00084000, "LT", text)
    yield _file(person, "retired comments", ds)


def _tables(person, number):
    """Tables that are longer than they say."""
    tail = f" {person.family} Zorvanek".encode()
    tail += b" " * (len(tail) % 2)
    ds, table = base(person, number=number), Dataset()
    table.add_new(0x00283002, "US", [256, 0, 8])
    table.add_new(0x00283006, "OW", np.arange(256, dtype="<u2").tobytes() + tail)
    table.LUTExplanation = f"{person.family} special"
    ds.VOILUTSequence = [table]
    yield _file(person, "lookup table too long", ds, ["Zorvanek"])
    ds = base(person, number=number)
    picture(ds, background(number)[None], "PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(ds, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(ds, f"{name}PaletteColorLookupTableData", (np.arange(256, dtype="<u2") * 257).tobytes() + tail)
        ds[f"{name}PaletteColorLookupTableData"].VR = "OW"
    yield _file(person, "palette too long", ds, ["Zorvanek"])
    ds = base(person, "ECG", number, pixels=False)
    group = Dataset()
    group.WaveformOriginality, group.NumberOfWaveformChannels, group.NumberOfWaveformSamples = "ORIGINAL", 2, 32
    group.SamplingFrequency, group.WaveformBitsAllocated, group.WaveformSampleInterpretation = "500", 16, "SS"
    group.add_new(0x54001010, "OW", np.arange(64, dtype="<i2").tobytes() + tail)
    ds.WaveformSequence = [group]
    yield _file(person, "waveform too long", ds, ["Zorvanek"])
    ds, world = base(person, number=number), Dataset()
    world.LUTLabel, world.LUTExplanation = person.family[:16], f"calibrated by {person.physician}"
    world.add_new(0x00409216, "US", 0)
    world.add_new(0x00409211, "US", 3)
    spelled = (person.family + " " * 32)[:32].encode()
    world.add_new(0x00409212, "FD", list(struct.unpack("<4d", spelled)))
    ds.RealWorldValueMappingSequence = [world]
    yield _file(person, "real world values", ds)


def _items(person, number):
    """Items of sequences with rules of their own."""
    ds, item = base(person, number=number), Dataset()
    item.SpecificCharacterSet = "ISO_IR 144"
    item.RequestedProcedureDescription = "CT для Полуэктовского"
    item.ScheduledProcedureStepDescription = f"for {person.family}"
    ds.RequestAttributesSequence = [item]
    yield _file(person, "item with its own character set", ds, ["Полуэктовск"])
    groups = []
    for at in range(2):
        content, group, hidden = Dataset(), Dataset(), Dataset()
        content.FrameAcquisitionDateTime = f"{person.study_date}0815{at:02d}"
        content.FrameComments, content.FrameLabel = f"frame of {person.family}", person.given
        hidden.PatientName = person.name
        group.FrameContentSequence = [content]
        group.add_new(0x00291010, "SQ", [hidden])
        groups.append(group)
    ds = base(person, number=number + 1)
    picture(ds, np.stack([background(at) for at in range(2)]))
    ds.PerFrameFunctionalGroupsSequence = groups
    yield _file(person, "functional groups", ds)
    inner = Dataset()
    inner.PatientName, inner.StudyID, inner.RequestedProcedureDescription = person.name, person.mrn, f"CT for {person.given}"
    holder = Dataset()
    holder.RequestAttributesSequence = [inner]
    holder.SOPClassUID, holder.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.7", "1.2.3"
    whole = file_of(holder, ImplicitVRLittleEndian)
    items = whole[whole.index(b"\xfe\xff\x00\xe0", 132) :]
    for tag, kind in ((0x00400275, "known sequence as UN"), (0x00400999, "unknown sequence as UN")):
        ds = base(person, number=number + 2)
        raw(ds, tag, "UN", items)
        yield _file(person, kind, ds)
    ds, icon = base(person, number=number + 3), Dataset()
    icon.ReferencedSOPClassUID, icon.ReferencedSOPInstanceUID = ds.SOPClassUID, "1.2.3.4"
    raw(icon, 0x7FE00010, "OB", person.family.encode())
    raw(icon, 0x60013000, "OB", person.family.encode())
    ds.ReferencedImageSequence = [icon]
    yield _file(person, "pixels in a reference", ds)
    ds = base(person, number=number + 4)
    raw(ds, 0x7FE00008, "OF", (person.family * 8).encode()[: 4 * (len(person.family) * 8 // 4)])
    yield _file(person, "a second pixel attribute", ds)


def _streams(person, number):
    """Frames that hold more than they show."""
    text = f"{person.family} {person.mrn} Zorvanek".encode()
    text += b" " * (len(text) % 2)
    pixels = background(number)

    def one(kind, fragments, syntax, offsets=True):
        ds = base(person, number=number)
        ds.PixelData = encapsulate(fragments, has_bot=offsets)
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        return ds, _file(person, kind, ds, ["Zorvanek"], syntax)

    frame = {}
    for kind, syntax in (
        ("JPEG", "1.2.840.10008.1.2.4.50"),
        ("RLE", "1.2.840.10008.1.2.5"),
        ("JPEG 2000", "1.2.840.10008.1.2.4.90"),
    ):
        frame[kind] = encoded(pixels, base(person, number=number), syntax)
        yield one(f"a fragment after a {kind} frame", [frame[kind], text], syntax, offsets=False)[1]
    ds, _ = one("", [frame["JPEG"]], "1.2.840.10008.1.2.4.50")
    offsets = b"\xfe\xff\x00\xe0" + len(text).to_bytes(4, "little") + text
    ds.PixelData = offsets + ds.PixelData[12:]
    yield _file(person, "an offset table that spells", ds, ["Zorvanek"], "1.2.840.10008.1.2.4.50")
    # The last literal run of the only segment goes on after the plane is full.
    rle = bytearray(64)
    rle[0], rle[4] = 1, 64
    body = b"".join(bytes([127]) + pixels.tobytes()[at : at + 128] for at in range(0, ROWS * COLUMNS - 128, 128))
    left = ROWS * COLUMNS - (ROWS * COLUMNS - 1) // 128 * 128
    last = pixels.tobytes()[-left:] + text
    body += bytes([len(last) - 1]) + last
    yield one("a run that goes on", [bytes(rle) + body + b"\0" * (len(body) % 2)], "1.2.840.10008.1.2.5")[1]
    j2k = frame["JPEG 2000"]
    place = j2k.index(b"\xff\x90")
    for marker, kind in ((b"\xff\x63", "registration"), (b"\xff\x6f", "unknown")):
        segment = marker + (len(text) + 2).to_bytes(2, "big") + text
        yield one(f"{kind} marker in JPEG 2000", [j2k[:place] + segment + j2k[place:]], "1.2.840.10008.1.2.4.90")[1]
