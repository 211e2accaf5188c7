"""Identifiers beside the dataset: preamble, file meta, trailing bytes, other encodings, file names, frames that nobody shows."""

from __future__ import annotations

import numpy as np
from pydicom.encaps import encapsulate
from pydicom.uid import DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ImplicitVRLittleEndian

from tests.benchmark.hostile_dicom.build import COLUMNS, ROWS, HostileFile, background, base, encoded, file_of, picture


def entries(person, number):
    """Yield the container files of one patient."""
    text = f"{person.family} {person.mrn}".encode()

    def one(kind, data, name=None, **keep):
        return HostileFile(name or f"container/{person.mrn}-{kind}.dcm", kind, person, data, [], {}, keep)

    yield one("preamble", file_of(base(person, number=number), preamble=text.ljust(128, b" ")))
    meta = {
        "SourceApplicationEntityTitle": person.family[:16], "SendingApplicationEntityTitle": person.station[:16],
        "ReceivingApplicationEntityTitle": person.family[:16], "ImplementationVersionName": person.family[:16],
        "PrivateInformationCreatorUID": f"1.2.3.{person.birth}", "PrivateInformation": text + b" " * (len(text) % 2),
    }  # fmt: skip
    yield one("file meta", file_of(base(person, number=number + 1), meta=meta))
    yield one("trailing bytes", file_of(base(person, number=number + 2)) + text * 3)
    yield one("trailing zeros and text", file_of(base(person, number=number + 3)) + b"\0" * 64 + text)
    for kind, syntax in (
        ("implicit", ImplicitVRLittleEndian),
        ("big endian", ExplicitVRBigEndian),
        ("deflated", DeflatedExplicitVRLittleEndian),
    ):
        ds = base(person, number=number + 4)
        ds.ImageComments = f"CT HEAD {person.family}"
        yield one(kind, file_of(ds, syntax), **{"ImageComments~": "CT HEAD"})
    yield one("no preamble", file_of(base(person, number=number + 5))[132:])
    yield one(
        "name in path",
        file_of(base(person, number=number + 6)),
        name=f"{person.family}_{person.given}/{person.mrn} {person.birth}.dcm",
    )
    yield one("no extension", file_of(base(person, number=number + 7)), name=f"{person.mrn}/{person.family} {person.mrn[-4:]}")
    yield from _unseen(person, number + 8, text)


def _unseen(person, number, text):
    ds = base(person, number=number)
    ds.PixelData += text + b"\0" * (len(text) % 2)
    yield HostileFile(f"container/{person.mrn}-after-frames.dcm", "bytes after the last frame", person, file_of(ds))

    frames = np.stack([background(at) for at in range(3)])
    ds = base(person, number=number + 1)
    picture(ds, frames)
    ds.NumberOfFrames = 2
    ds.PixelData = frames.tobytes()[: 2 * ROWS * COLUMNS] + (text * 2000)[: ROWS * COLUMNS]
    yield HostileFile(f"container/{person.mrn}-third-frame.dcm", "more frames than the header says", person, file_of(ds))

    for syntax, kind in (
        ("1.2.840.10008.1.2.5", "RLE"),
        ("1.2.840.10008.1.2.4.80", "JPEG-LS"),
        ("1.2.840.10008.1.2.4.90", "JPEG 2000"),
        ("1.2.840.10008.1.2.4.50", "JPEG"),
    ):
        ds = base(person, number=number + 2)
        frame = encoded(background(number), ds, syntax)
        ds.PixelData = encapsulate([frame + text + b"\0" * (len(text) % 2)])
        ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
        yield HostileFile(f"container/{person.mrn}-tail-{kind}.dcm", f"bytes after a {kind} frame", person, file_of(ds, syntax))

    ds = base(person, number=number + 3)
    frame = encoded(background(number), ds, "1.2.840.10008.1.2.4.50")
    comment = b"\xff\xfe" + (len(text) + 2).to_bytes(2, "big") + text
    exif = b"\xff\xe1" + (len(text) + 8).to_bytes(2, "big") + b"Exif\0\0" + text
    frame = frame[:2] + comment + exif + frame[2:]
    ds.PixelData = encapsulate([frame + b"\0" * (len(frame) % 2)])
    ds["PixelData"].VR, ds["PixelData"].is_undefined_length = "OB", True
    yield HostileFile(
        f"container/{person.mrn}-segments.dcm", "comment and EXIF in a JPEG frame", person, file_of(ds, "1.2.840.10008.1.2.4.50")
    )
