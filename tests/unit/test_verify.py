"""The second look must see each thing that may be wrong with a draft; every test here plants one fault in a sound draft."""

from dataclasses import replace

import cv2
import numpy as np
import pytest

from deid import find, formats, phi
from deid.policy import Policy
from deid.types import KnownValue, PhiText, Reading, Region, TextLine
from deid.verify import SecondLook, verify
from tests.pictures import png, screen

POLICY = Policy()
SOURCE = screen(["4471902-A", "LAO 30 CRA 15"], rows=140)
MASK = Region.from_box((10, 15, 200, 55), (0, 1))
KNOWN = (KnownValue("PatientID", PhiText("4471902-A")), KnownValue("PatientName", PhiText("QUINCEWORT^BEATRIX")))


@pytest.fixture(scope="module")
def look():
    return SecondLook(find.load_engine("rapidocr"), phi.load_classifier(POLICY), POLICY)


def _masked(picture=SOURCE):
    picture = picture.copy()
    picture[15:55, 10:200] = 0
    return picture


NOTHING_READ = Reading((), ())


def _verify(look, draft, first=NOTHING_READ, source=SOURCE, masks=(MASK,)):
    _, instance = formats.from_array(source)
    return verify(draft, "draft.png", instance, first, masks, KNOWN, look)


def _codes(verification):
    return [reason.code for reason in verification.reasons]


def test_a_sound_draft_is_proven(look):
    verification = _verify(look, png(_masked()))
    assert verification.proven, (verification.leaked, verification.reasons)
    assert (verification.changed_outside, verification.passes != ()) == (0.0, True)


def test_text_that_was_not_covered_leaks(look):
    verification = _verify(look, png(SOURCE), masks=())
    assert not verification.proven and [leak.text.reveal() for leak in verification.leaked] == ["4471902-A"]


def test_one_changed_pixel_of_a_lossless_file_is_seen(look):
    picture = _masked()
    picture[130, 400] += 1
    verification = _verify(look, png(picture))
    assert _codes(verification) == ["changed-outside"] and verification.changed_outside == 1.0


def test_a_mask_that_was_not_drawn_is_seen(look):
    assert "changed-outside" in _codes(_verify(look, png(SOURCE)))


def test_a_picture_of_another_size_is_seen(look):
    assert "changed-outside" in _codes(_verify(look, png(_masked()[:-1])))


def test_a_known_value_in_the_bytes_is_seen(look):
    draft = png(_masked())
    chunk = b"tEXtComment\0Quincewort Beatrix"
    forged = draft[:33] + len(chunk[4:]).to_bytes(4, "big") + chunk + (0).to_bytes(4, "big") + draft[33:]
    codes = _codes(_verify(look, forged)) if formats.recognise(forged, "x").kind else []
    assert "known-value" in codes and "strange-bytes" in codes


def test_bytes_after_the_end_are_seen(look):
    assert "strange-bytes" in _codes(_verify(look, png(_masked()) + b"tail"))


def test_what_the_first_look_judged_in_context_is_not_judged_again_without_it(look):
    source = screen(["Zwobbelin 30"], rows=80)
    alone = _verify(look, png(source), source=source, masks=())
    assert [leak.evidence.partition(":")[0] for leak in alone.leaked]
    quad = ((0, 10), (300, 10), (300, 60), (0, 60))
    judged = Reading((TextLine(PhiText("Zwobbelin 30"), quad, (), 0.95, (0, 1), "x"),), ())
    weak = [leak for leak in _verify(look, png(source), judged, source, ()).leaked if not leak.stands_alone]
    assert weak == []


class Mumbling:
    """An engine that reads the dose as something else, as surely as it is told to."""

    def __init__(self, engine, confidence):
        self._engine, self.name, self.version, self._confidence = engine, engine.name, engine.version, confidence
        self.detect = engine.detect

    def read_text(self, image, quads):
        lines = self._engine.read_text(image, quads)
        wrong = {"text": PhiText("www.zta.org"), "words": (), "confidence": self._confidence}
        return tuple(replace(line, **wrong) if "DAP" in line.text.reveal() else line for line in lines)


@pytest.mark.parametrize(("confidence", "leaks"), [(0.6, False), (0.8, True)])
def test_a_poor_reading_says_nothing_against_a_good_one(look, confidence, leaks):
    source = screen(["DAP 274 cGycm2"], rows=80)
    quad = ((0, 10), (400, 10), (400, 60), (0, 60))
    first = Reading((TextLine(PhiText("DAP 274 cGycm2"), quad, (), 0.93, (0, 1), "x"),), ())
    mumbling = SecondLook(Mumbling(look.engine, confidence), look.classifier, POLICY)
    assert bool(_verify(mumbling, png(source), first, source, ()).leaked) == leaks
    assert _verify(mumbling, png(source), NOTHING_READ, source, ()).leaked


@pytest.mark.parametrize(("quality", "proven"), [(95, True), (20, False)])
def test_a_lossy_file_may_change_a_little_only(look, quality, proven):
    source = cv2.GaussianBlur(screen(["4471902-A"], rows=140), (0, 0), 2)
    jpeg = cv2.imencode(".jpg", source[:, :, ::-1], [cv2.IMWRITE_JPEG_QUALITY, 95])[1].tobytes()
    form = formats.recognise(jpeg, "x.jpg")
    instance = form.read(jpeg, POLICY)
    masked = _masked(instance.frames.stored(0))
    draft = cv2.imencode(".jpg", np.ascontiguousarray(masked[:, :, ::-1]), [cv2.IMWRITE_JPEG_QUALITY, quality])[1].tobytes()
    codes = _codes(verify(draft, "draft.jpg", instance, NOTHING_READ, (MASK,), KNOWN, look))
    assert ("changed-outside" in codes) is not proven
