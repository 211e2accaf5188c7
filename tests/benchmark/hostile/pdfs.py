"""Entries in PDF: one picture on a page, and every place beside it where a document keeps text."""

from __future__ import annotations

import zlib

from tests.benchmark.hostile.entries import Entry, scene

# A page of three inches by two and a quarter, filled by a picture of 200 dots an inch.
_POINTS, _PIXELS = (216, 162), (450, 600)


def entries(rng, tokens):
    """Yield the entries."""
    for place, (make, tail) in _PLACES.items():
        token, picture = tokens.new(), _picture(rng)
        data = document(picture, **{part: text.replace("TOKEN", token) for part, text in make.items()})
        yield Entry(f"pdf/{place}.pdf", data + tail.replace("TOKEN", token).encode(), f"PDF {place}", token, frames=(picture,))
    token, old, new = tokens.new(), _picture(rng), _picture(rng)
    revised = document(old, info=f"<< /Title ({token}) >>") + _revision(new)
    yield Entry("pdf/earlier revision.pdf", revised, "PDF earlier revision", token, frames=(new,))
    token = tokens.new()
    yield Entry("pdf/cut.pdf", document(_picture(rng), info=f"<< /Title ({token}) >>")[:600], "PDF cut off", token, fate="fail")


def _picture(rng):
    return scene(rng, 3, *_PIXELS)


# Parts of the document that hold the planted string; what stands behind it.
_PLACES: dict[str, tuple[dict[str, str], str]] = {
    "document information": ({"info": "<< /Author (TOKEN) /Title (TOKEN) /TOKEN (1) >>"}, ""),
    "metadata stream": ({"catalog": "/Metadata 8 0 R", "extra": "<x:xmpmeta>TOKEN</x:xmpmeta>"}, ""),
    "attachment": ({"catalog": "/Names << /EmbeddedFiles << /Names [(TOKEN) 7 0 R] >> >>", "extra": "TOKEN"}, ""),
    "invisible text": ({"content": "BT /F1 12 Tf 3 Tr 10 30 Td (TOKEN) Tj ET"}, ""),
    "text outside the page": ({"content": "BT /F1 12 Tf 900 900 Td (TOKEN) Tj ET"}, ""),
    "text under the picture": ({"under": "BT /F1 12 Tf 10 30 Td (TOKEN) Tj ET"}, ""),
    "layer that is off": (
        {
            "catalog": "/OCProperties << /OCGs [9 0 R] /D << /OFF [9 0 R] >> >>",
            "content": "/OC /L1 BDC BT /F1 12 Tf 10 30 Td (TOKEN) Tj ET EMC",
        },
        "",
    ),
    "script": ({"catalog": "/OpenAction << /S /JavaScript /JS (app.alert\\('TOKEN'\\)) >>"}, ""),
    "outline": ({"catalog": "/Outlines << /Type /Outlines /Title (TOKEN) >>"}, ""),
    "unused object": ({"extra": "TOKEN"}, ""),
    "comment behind the end": ({}, "\n% TOKEN\n"),
    "second file behind the end": ({}, "\nPK\x03\x04TOKEN"),
}


def document(picture, *, info="<< >>", catalog="", content="", under="", extra=""):
    """Make a document of one page that a picture, (rows, columns, 3) uint8, fills; the other parts are PDF source."""
    wide, high = _POINTS
    drawn = f"{under}\nq {wide} 0 0 {high} 0 0 cm /I Do Q\n{content}"
    page = f"<< /Type /Page /Parent 2 0 R /MediaBox [0 0 {wide} {high}] /Contents 4 0 R /Resources << /XObject << /I 5 0 R >>"
    page += " /Font << /F1 << /Type /Font /Subtype /Type1 /BaseFont /Helvetica >> >> /Properties << /L1 9 0 R >> >> >>"
    bodies = [
        f"<< /Type /Catalog /Pages 2 0 R {catalog} >>".encode(),
        b"<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        page.encode(),
        _stream("", drawn.encode()),
        _image(picture),
        info.encode(),
        b"<< /Type /Filespec /F (note.txt) /EF << /F 8 0 R >> >>",
        _stream("", extra.encode()),
        b"<< /Type /OCG /Name (notes) >>",
    ]
    file, places = b"%PDF-1.7\n", []
    for number, body in enumerate(bodies, start=1):
        places.append(len(file))
        file += _object(number, body)
    table = "".join(f"{place:010d} 00000 n \n" for place in places)
    size = len(bodies) + 1
    tail = (
        f"xref\n0 {size}\n0000000000 65535 f \n{table}trailer\n<< /Size {size} /Root 1 0 R /Info 6 0 R >>\nstartxref\n{len(file)}\n"
    )
    return file + tail.encode() + b"%%EOF\n"


def _revision(picture):
    """What an editor appends that replaced the picture: readers find no table and gather the objects, the last of a number wins."""
    return _object(5, _image(picture)) + _object(6, b"<< >>") + b"trailer\n<< /Size 10 /Root 1 0 R >>\nstartxref\n0\n%%EOF\n"


def _object(number, body):
    return f"{number} 0 obj\n".encode() + body + b"\nendobj\n"


def _stream(entries_, body):
    return f"<< {entries_} /Length {len(body)} >>\nstream\n".encode() + body + b"\nendstream"


def _image(picture):
    rows, columns = picture.shape[:2]
    form = f"/Subtype /Image /Width {columns} /Height {rows} /ColorSpace /DeviceRGB /BitsPerComponent 8 /Filter /FlateDecode"
    return _stream(form, zlib.compress(picture.tobytes()))
