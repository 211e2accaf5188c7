"""Burned-in text in every kind of pixel, and bits that no sample uses."""

from __future__ import annotations

import numpy as np
from pydicom.uid import ExplicitVRLittleEndian

from tests.benchmark.hostile_dicom.build import (
    COLUMNS,
    ROWS,
    HostileFile,
    background,
    base,
    encapsulated,
    file_of,
    glyphs,
    picture,
    raw,
)

_SYNTAXES = {
    "JPEG": "1.2.840.10008.1.2.4.50",
    "JPEG lossless": "1.2.840.10008.1.2.4.70",
    "JPEG-LS": "1.2.840.10008.1.2.4.80",
    "JPEG 2000": "1.2.840.10008.1.2.4.90",
    "RLE": "1.2.840.10008.1.2.5",
}


def entries(person, number):
    """Yield the pixel files of one patient."""
    text = f"{person.family.upper()} {person.given.upper()}"
    mask = glyphs(text)
    yield from _native(person, number, mask)
    for at, (kind, syntax) in enumerate(_SYNTAXES.items()):
        yield _burned(person, f"burned {kind}", encapsulated(base(person, number=number + at), _grey(at, mask), syntax), mask)
    colour = np.repeat(_grey(9, mask), 3, axis=3)
    yield _burned(person, "burned JPEG colour", encapsulated(base(person, "US", number + 9), colour, _SYNTAXES["JPEG"]), mask)
    run = np.concatenate([_grey(at, mask if at in (1, 2) else np.zeros_like(mask)) for at in range(4)])
    yield _burned(
        person,
        "burned on two of four frames",
        encapsulated(base(person, "XA", number + 10), run, _SYNTAXES["JPEG-LS"]),
        mask,
        (1, 2),
    )
    yield from _bits(person, number + 20, mask)


def _grey(seed, mask):
    pixels = background(seed)
    pixels[mask] = 235
    return pixels[None]


def _burned(person, kind, data, mask, frames=(0,)):
    return HostileFile(f"pixels/{person.mrn}-{kind}.dcm", kind, person, data, [], dict.fromkeys(frames, mask))


def _native(person, number, mask):
    grey = _grey(number, mask)

    def one(kind, pixels, photometric=None, **attributes):
        ds = base(person, number=number)
        picture(ds, pixels, photometric)
        for keyword, value in attributes.items():
            setattr(ds, keyword, value)
        return _burned(person, kind, file_of(ds), mask)

    yield one("burned native", grey)
    yield one("burned MONOCHROME1", 255 - grey, "MONOCHROME1")
    deep = grey.astype(np.uint16) * 4
    deep[0][mask] = 4095
    yield one("burned 12 bit", deep, BitsStored=12, HighBit=11, WindowCenter="500", WindowWidth="900")
    narrow = grey.astype(np.uint16) + 20000
    yield one("burned in a window", narrow, WindowCenter=["3000", "20120"], WindowWidth=["1000", "240"])
    yield one(
        "burned signed",
        grey.astype(np.int16) * 8 - 1024,
        WindowCenter="0",
        WindowWidth="2000",
        RescaleIntercept="0",
        RescaleSlope="1",
    )
    colour = np.repeat(grey, 3, axis=3)
    yield one("burned RGB", colour)
    planar = base(person, number=number)
    picture(planar, colour)
    planar.PlanarConfiguration, planar.PixelData = 1, colour.transpose(0, 3, 1, 2).tobytes()
    yield _burned(person, "burned planar", file_of(planar), mask)
    ybr = np.concatenate([grey, np.full((*grey.shape[:3], 2), 128, np.uint8)], axis=3)
    yield one("burned YBR", ybr, "YBR_FULL")
    palette = base(person, number=number)
    picture(palette, 255 - grey, "PALETTE COLOR")
    for name in ("Red", "Green", "Blue"):
        setattr(palette, f"{name}PaletteColorLookupTableDescriptor", [256, 0, 16])
        setattr(palette, f"{name}PaletteColorLookupTableData", (np.arange(255, -1, -1, dtype="<u2") * 257).tobytes())
        palette[f"{name}PaletteColorLookupTableData"].VR = "OW"
    yield _burned(person, "burned palette", file_of(palette), mask)
    real = base(person, number=number)
    del real.PixelData, real.BitsStored, real.HighBit, real.PixelRepresentation
    real.BitsAllocated, real.FloatPixelData = 32, (grey[0] / 7.0).astype("<f4").tobytes()
    yield _burned(person, "burned float", file_of(real), mask)
    one_bit = base(person, number=number)
    del one_bit.PixelData
    one_bit.BitsAllocated = one_bit.BitsStored = 1
    one_bit.HighBit, one_bit.PixelData = 0, np.packbits(mask.ravel(), bitorder="little").tobytes()
    one_bit["PixelData"].VR = "OB"
    yield _burned(person, "burned 1 bit", file_of(one_bit), mask)


def _bits(person, number, mask):
    hidden = background(number).astype(np.uint16)[None] * 8
    hidden[0][mask] |= 0x8000
    ds = base(person, number=number)
    picture(ds, hidden, stored=12)
    raw(ds, 0x60000010, "US", ROWS.to_bytes(2, "little"))
    raw(ds, 0x60000011, "US", COLUMNS.to_bytes(2, "little"))
    raw(ds, 0x60000100, "US", b"\x10\0")
    raw(ds, 0x60000102, "US", b"\x0f\0")
    file = _burned(person, "overlay in unused bits", file_of(ds, ExplicitVRLittleEndian), mask)
    yield file
    ds = base(person, number=number + 1)
    for tag, vr, value in (
        (0x60000010, "US", ROWS.to_bytes(2, "little")),
        (0x60000011, "US", COLUMNS.to_bytes(2, "little")),
        (0x60000040, "CS", b"G "),
        (0x60000050, "SS", b"\1\0\1\0"),
        (0x60000100, "US", b"\1\0"),
        (0x60000102, "US", b"\0\0"),
        (0x60003000, "OW", np.packbits(mask.ravel(), bitorder="little").tobytes()),
    ):
        raw(ds, tag, vr, value)
    yield _burned(person, "overlay plane", file_of(ds), mask)
