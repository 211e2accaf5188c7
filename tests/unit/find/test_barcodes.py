"""The barcode detector: every kind is found, read, and covered whole with its quiet zone."""

from __future__ import annotations

from types import SimpleNamespace

import cv2
import numpy as np
import pytest
import zxingcpp

from deid.find.barcodes import BarcodeDetector
from deid.types import PhiCategory

TEXTS = {
    "QRCode": "MRN 4711-0815",
    "MicroQRCode": "4711-0815",
    "DataMatrix": "MRN 4711-0815",
    "Aztec": "MRN 4711-0815",
    "PDF417": "MRN 4711-0815",
    "Code128": "MRN47110815",
    "Code39": "MRN47110815",
    "Code93": "MRN47110815",
    "Codabar": "A47110815B",
    "ITF": "47110815",
    "EAN13": "4006381333931",
}


@pytest.fixture(scope="module")
def detector():
    return BarcodeDetector()


def symbol(kind, module=3):
    """A code without quiet zone: (rows, columns), uint8, black on white."""
    code = zxingcpp.create_barcode(TEXTS[kind], getattr(zxingcpp.BarcodeFormat, kind))
    grey = np.array(code.to_image(scale=module))
    rows, columns = np.nonzero(grey < 128)
    return grey[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]


def on_paper(code, margin=60, paper=255):
    picture = np.full((code.shape[0] + 2 * margin, code.shape[1] + 2 * margin, 3), paper, np.uint8)
    picture[margin:-margin, margin:-margin] = code[..., None]
    return picture, code < 255


def left_over(found, dark):
    """How many dark pixels of the codes lie outside every region."""
    covered = np.zeros(dark.shape, np.uint8)
    for detection in found:
        cv2.fillPoly(covered, [np.array(detection.region.polygon, np.int32)], 1)
    return int((dark & (covered == 0)).sum())


@pytest.mark.parametrize("kind", TEXTS)
def test_every_kind_is_read_and_covered_whole(detector, kind):
    picture, _ = on_paper(symbol(kind))
    found = detector.detect(picture)
    assert {f.text for f in found if f.text} == {TEXTS[kind]}
    assert left_over(found, picture[..., 0] < 128) == 0
    assert max(f.score for f in found) == 1.0
    assert all(f.region.frames == (0, 1) for f in found)
    assert detector.category is PhiCategory.OTHER


def test_the_evidence_names_the_kind_and_nothing_else(detector):
    kinds = {
        kind: next(f.evidence for f in detector.detect(on_paper(symbol(kind))[0]) if f.text)
        for kind in ("QRCode", "DataMatrix", "Code128", "EAN13")
    }
    assert kinds == {
        "QRCode": "barcode:qr",
        "DataMatrix": "barcode:data-matrix",
        "Code128": "barcode:code-128",
        "EAN13": "barcode:ean-13",
    }


@pytest.mark.parametrize("kind", ["QRCode", "DataMatrix", "Code128", "Code39"])
@pytest.mark.parametrize("degrees", [17, 45, 260])
def test_a_turned_code_is_covered_whole(detector, kind, degrees):
    code = symbol(kind, 3)
    side = int(np.hypot(*code.shape)) + 120
    picture = np.full((side, side, 3), 255, np.uint8)
    top, left = (side - code.shape[0]) // 2, (side - code.shape[1]) // 2
    picture[top : top + code.shape[0], left : left + code.shape[1]] = code[..., None]
    turn = cv2.getRotationMatrix2D((side / 2, side / 2), degrees, 1)
    picture = cv2.warpAffine(picture, turn, (side, side), borderValue=(255, 255, 255))
    found = detector.detect(picture)
    assert TEXTS[kind] in [f.text for f in found]
    assert left_over(found, picture[..., 0] < 128) == 0


def test_white_on_black_is_found(detector):
    picture, _ = on_paper(symbol("QRCode"))
    found = detector.detect(255 - picture)
    assert {f.text for f in found} == {TEXTS["QRCode"]}


def test_a_damaged_code_is_covered_though_it_says_nothing(detector):
    picture, _ = on_paper(symbol("QRCode", 6), margin=80)
    dark = picture[..., 0] < 128
    side = picture.shape[0] - 160
    middle = picture[80 + side // 3 : 80 + side * 4 // 5, 80 + side // 3 : 80 + side * 4 // 5]
    middle[:] = np.random.default_rng(5).integers(0, 2, middle.shape[:2], np.uint8)[..., None] * 255
    found = detector.detect(picture)
    assert found
    assert all(f.text == "" and f.score < 1 for f in found)
    assert left_over(found, dark) == 0


def test_two_codes_on_one_sheet_are_both_found(detector):
    one, two = on_paper(symbol("QRCode"))[0], on_paper(symbol("Code128"))[0]
    sheet = np.full((one.shape[0] + two.shape[0], max(one.shape[1], two.shape[1]), 3), 255, np.uint8)
    sheet[: one.shape[0], : one.shape[1]] = one
    sheet[one.shape[0] :, : two.shape[1]] = two
    assert {f.text for f in detector.detect(sheet)} == {TEXTS["QRCode"], TEXTS["Code128"]}


def test_a_code_at_the_edge_stays_inside_the_picture(detector):
    picture = on_paper(symbol("QRCode"), margin=8)[0]
    for detection in detector.detect(picture):
        x0, y0, x1, y1 = detection.region.box
        assert 0 <= x0 < x1 <= picture.shape[1]
        assert 0 <= y0 < y1 <= picture.shape[0]


def test_a_code_too_blurred_to_read_is_covered_all_the_same(detector):
    picture, _ = on_paper(symbol("Code128"), paper=235)
    dark = picture[..., 0] < 128
    found = detector.detect(cv2.GaussianBlur(picture, (0, 0), 2.5))
    assert found
    assert left_over(found, dark) == 0


@pytest.mark.parametrize("shape", [(1, 1, 3), (3, 200, 3), (64, 64, 3)])
def test_nothing_is_found_where_nothing_is(detector, shape):
    assert detector.detect(np.full(shape, 90, np.uint8)) == ()


def test_text_is_not_turned_and_doubled_in_search_of_codes(detector, monkeypatch):
    picture = np.full((600, 800, 3), 245, np.uint8)
    for y in range(20, 600, 22):
        cv2.putText(
            picture, "4711-0815   DOE JANE   CT HEAD   14:32   FINAL", (10, y), cv2.FONT_HERSHEY_SIMPLEX, 0.5, (20, 20, 20), 1
        )
    looked_at = []
    read = zxingcpp.read_barcodes
    monkeypatch.setattr(zxingcpp, "read_barcodes", lambda view, **how: [looked_at.append(view.size), *read(view, **how)][1:])
    assert detector.detect(picture) == ()
    # Every pass over the whole page would be 17 times its pixels.
    assert sum(looked_at) < 5 * 600 * 800


def damaged_pdf417():
    """A stacked code with a part of its middle rubbed out."""
    code = zxingcpp.create_barcode("DOE^JANE 1234567890 1999-01-01", zxingcpp.BarcodeFormat.PDF417)
    grey = np.pad(np.array(code.to_image(scale=4)), 60, constant_values=255)
    rows, columns = grey.shape[0] - 120, grey.shape[1] - 120
    grey[60 + rows // 4 : 60 + rows * 3 // 4, 60 + columns // 3 : 60 + columns // 2] = 255
    return grey[..., None].repeat(3, axis=2)


def test_a_sliver_that_is_no_code_does_not_cover_half_the_photo(detector, monkeypatch):
    grain = np.random.default_rng(3).normal(90, 6, (900, 1200, 1)).repeat(3, axis=2).astype(np.uint8)
    ghost = zxingcpp.read_barcodes(damaged_pdf417(), return_errors=True)[0]
    assert not ghost.valid
    corners = {"top_left": (246, 1037), "top_right": (900, 1419), "bottom_right": (900, 1419), "bottom_left": (246, 1025)}
    outline = SimpleNamespace(**{name: SimpleNamespace(x=x, y=y) for name, (x, y) in corners.items()})
    seen = SimpleNamespace(valid=False, format=ghost.format, text="", position=outline)
    monkeypatch.setattr(zxingcpp, "read_barcodes", lambda view, **how: [seen])
    assert detector.detect(grain) == ()


@pytest.mark.parametrize("blur", [0, 0.8])
def test_a_damaged_stacked_code_is_still_found(detector, blur):
    picture = damaged_pdf417()
    dark = picture[..., 0] < 128
    found = detector.detect(cv2.GaussianBlur(picture, (0, 0), blur) if blur else picture)
    assert "barcode:pdf417" in [f.evidence for f in found]
    assert left_over(found, dark) == 0
