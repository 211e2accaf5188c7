"""JPEG frames that are coded anew: what was not touched is coded as it was, in little room."""

import io
import tracemalloc

import numpy as np
import pytest
from PIL import Image

from deid.formats.dicom.jpeg import decode_jpeg, encode_jpeg
from tests.dicom_samples import picture

# More than two of the bands in which a frame is gone through.
ROWS = 600


def _coded(sampling, rows=ROWS, columns=400):
    out = io.BytesIO()
    Image.fromarray(picture(rows, columns, samples=3)[0]).save(out, "JPEG", quality=90, subsampling=sampling)
    return out.getvalue()


def _masked(frame, box):
    x0, y0, x1, y1 = box
    stored = decode_jpeg(frame).copy()
    stored[y0:y1, x0:x1] = (0, 128, 128)
    return stored


@pytest.mark.parametrize("sampling", [1, 2])
def test_colours_beside_a_mask_are_coded_as_they_were_from_the_first_row_to_the_last(sampling):
    frame = _coded(sampling)
    # Over the edge of a band, and of blocks of the coder.
    stored = _masked(frame, (96, 240, 208, 288))
    before, after = decode_jpeg(frame), decode_jpeg(encode_jpeg(stored, frame))
    outside = np.ones(before.shape[:2], bool)
    outside[224:304, 80:224] = False
    change = (before.astype(int) - after)[outside]
    # Smoothed colours coded a second time change by five.
    assert np.abs(change).max() <= 3
    assert after[256:280, 120:180, 0].max() < 12


def test_coding_a_frame_anew_takes_little_more_room_than_the_frame():
    frame = _coded(2, 1500, 1500)
    stored = _masked(frame, (100, 100, 400, 140))
    tracemalloc.start()
    try:
        encode_jpeg(stored, frame)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert peak < 2 * stored.nbytes
