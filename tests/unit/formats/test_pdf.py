"""PDF: what a viewer shows comes out as pictures; what lies beneath stays behind."""

import io

import numpy as np
import pytest
from PIL import Image

from deid.errors import FileRefused
from deid.formats import recognise
from deid.keys import Key
from deid.policy import Policy
from deid.types import Plan
from tests.benchmark.hostile.containers import saved
from tests.benchmark.hostile.entries import scene


def page(drawing, media="0 0 200 100", more=""):
    """A PDF of one page with Helvetica, a name in its information, and whatever more objects are given."""
    objects = [
        "<< /Type /Catalog /Pages 2 0 R >>",
        "<< /Type /Pages /Kids [3 0 R] /Count 1 >>",
        f"<< /Type /Page /Parent 2 0 R /MediaBox [{media}] /Contents 4 0 R /Resources << /Font << /F 5 0 R >> >> {more} >>",
        f"<< /Length {len(drawing)} >>\nstream\n{drawing}\nendstream",
        "<< /Type /Font /Subtype /Type1 /BaseFont /Helvetica >>",
        "<< /Author (DOE JANE) /Title (MRN 4471902) >>",
    ]
    body, starts = "%PDF-1.4\n", []
    for number, text in enumerate(objects, 1):
        starts.append(len(body))
        body += f"{number} 0 obj\n{text}\nendobj\n"
    table = "".join(f"{start:010d} 00000 n \n" for start in starts)
    trailer = f"trailer\n<< /Size 7 /Root 1 0 R /Info 6 0 R >>\nstartxref\n{len(body)}\n%%EOF\n"
    return f"{body}xref\n0 7\n0000000000 65535 f \n{table}{trailer}".encode()


SMALL = Image.new("L", (20, 20))
TEXT = "BT /F 20 Tf 20 40 Td (DOE JANE) Tj ET"


def again(data, policy=None):
    policy = policy or Policy()
    form = recognise(data, "report.pdf")
    instance = form.read(data, policy)
    file = io.BytesIO()
    changes = form.write(instance, instance.frames, Plan(), Key(bytes(32)), (), policy, file)
    return form, instance, file.getvalue(), changes


def same(frames, others):
    return all(np.array_equal(frames.stored(index), others.stored(index)) for index in range(frames.count))


def test_text_is_rendered_finely_enough_to_read():
    form, instance, written, changes = again(page(TEXT))
    assert instance.kind == form.kind == "pdf" and form.extension(instance, Policy()) == ".pdf"
    assert instance.frames.shape(0) == (278, 556)
    assert (instance.frames.display(0) < 100).sum() > 1000
    assert form.strangers(written) == () and b"DOE" not in written and b"4471902" not in written
    assert [(change.path, change.count) for change in changes] == [("DocumentInfo", 2)]


def test_what_is_written_shows_the_same_pixels_again():
    _, instance, written, _ = again(page(TEXT + " 1 0 0 rg 10 10 30 20 re f"))
    second = recognise(written, "a").read(written, Policy())
    assert instance.frames.stored(0).shape[2] == 3
    assert same(instance.frames, second.frames)


@pytest.mark.parametrize("resolution", [72, 96, 150, 313])
def test_a_screenshot_in_a_page_keeps_its_pixels(resolution):
    picture = scene(np.random.default_rng(4), 3, 240, 317)
    data = saved(Image.fromarray(picture).quantize(255), "PDF", resolution=resolution)
    _, instance, written, _ = again(data)
    assert instance.frames.shape(0) == (240, 317)
    assert same(instance.frames, recognise(written, "a").read(written, Policy()).frames)


def test_pages_of_several_sizes_stay_pages():
    pages = [Image.new("RGB", size, (90, 20, 200)) for size in ((60, 40), (31, 77), (200, 10))]
    data = saved(pages[0], "PDF", save_all=True, append_images=pages[1:], resolution=100)
    _, instance, written, _ = again(data)
    second = recognise(written, "a").read(written, Policy())
    assert not instance.cine
    assert [second.frames.shape(index) for index in range(3)] == [instance.frames.shape(index) for index in range(3)]
    assert same(instance.frames, second.frames)


def test_text_under_a_picture_stays_behind():
    covered = page(f"{TEXT} 0 0 0 rg 0 0 200 100 re f")
    _, instance, written, _ = again(covered)
    assert not instance.frames.display(0).any() and b"DOE" not in written


def test_an_annotation_is_seen():
    shown = page("", more="/Annots [<< /Type /Annot /Subtype /Square /Rect [20 20 180 80] /C [1 0 0] /IC [1 0 0] /F 4 >>]")
    stored = again(shown)[1].frames.display(0)
    assert (stored[139, 278] == (255, 0, 0)).all()


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data + b"% DOE JANE",
        lambda data: data.replace(b"/Type /Catalog", b"/Type /Catalog /Author (DOE)"),
        lambda data: data.replace(b"%PDF-1.6\n", b"%PDF-1.6\n%DOE\n"),
        lambda data: data.replace(b"endstream", b"DOE\nendstream", 1),
        lambda data: b"%PDF-1.4\n",
    ],
)
def test_a_stranger_is_noticed(change):
    form, _, written, _ = again(page(TEXT))
    found = form.strangers(change(written))
    assert found and "DOE" not in repr(found)


@pytest.mark.parametrize(
    ("data", "changes", "code"),
    [
        (b"%PDF-1.4\nnothing", {}, "broken"),
        (page(TEXT)[:300], {}, "broken"),
        (page(TEXT, media="0 0 14400 14400"), {}, "too-large"),
        (
            saved(Image.new("L", (20, 20)), "PDF", save_all=True, append_images=[Image.new("L", (20, 20))] * 4),
            {"max_frames": 4},
            "too-large",
        ),
    ],
)
def test_what_cannot_be_read_is_refused(data, changes, code):
    with pytest.raises(FileRefused) as caught:
        recognise(data, "a.pdf").read(data, Policy().but(**changes))
    assert caught.value.reason.code == code


def test_another_kind_where_it_is_wanted():
    form, instance, written, _ = again(page(TEXT), Policy().but(write_as="png"))
    assert form.extension(instance, Policy()) == ".png" and recognise(written, "a").kind == "png"
