"""The simplest thing that could work: black out every word that Tesseract finds; metadata go where the picture is written anew."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
import pytesseract
from PIL import Image, ImageDraw, ImageOps
from pydicom.pixels import apply_color_lut, apply_voi_lut, pixel_array

from tests.benchmark.peers.each import is_dicom, redact_each

# Sparse text: screens are no pages.
CONFIG = "--psm 11"


def redact(source: Path, target: Path) -> None:
    """Black out the words of one file."""
    if is_dicom(source):
        _redact_dicom(source, target)
        return
    with Image.open(source) as opened:
        image = ImageOps.exif_transpose(opened).convert("RGB")
    draw = ImageDraw.Draw(image)
    for box in _words(image):
        draw.rectangle(box, fill=(0, 0, 0))
    options = {".jpg": {"quality": 95}, ".webp": {"lossless": True}}.get(target.suffix, {})
    image.save(target, **options)


def _redact_dicom(source: Path, target: Path) -> None:
    ds = pydicom.dcmread(source)
    stored = pixel_array(ds, raw=True)
    shown = (
        apply_color_lut(stored, ds) >> 8 if ds.PhotometricInterpretation == "PALETTE COLOR" else apply_voi_lut(pixel_array(ds), ds)
    )
    many = int(ds.get("NumberOfFrames", 1) or 1) > 1
    frames, views = (stored, shown) if many else (stored[None], shown[None])
    frames = frames.copy()
    for frame, view in zip(frames, views, strict=True):
        low, high = float(view.min()), float(view.max())
        picture = Image.fromarray(((view - low) / max(high - low, 1.0) * 255).astype(np.uint8))
        for x0, y0, x1, y1 in _words(picture):
            frame[y0 : y1 + 1, x0 : x1 + 1] = frame.max() if ds.PhotometricInterpretation == "MONOCHROME1" else frame.min()
    ds.PixelData = frames.tobytes()
    ds["PixelData"].VR = "OB" if frames.dtype.itemsize == 1 else "OW"
    ds["PixelData"].is_undefined_length = False
    ds.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    ds.save_as(target)


def _words(image: Image.Image) -> list[tuple[int, int, int, int]]:
    found = pytesseract.image_to_data(image, config=CONFIG, output_type=pytesseract.Output.DICT)
    boxes = zip(found["text"], found["conf"], found["left"], found["top"], found["width"], found["height"], strict=True)
    return [(x, y, x + width, y + height) for text, sure, x, y, width, height in boxes if text.strip() and float(sure) >= 0]


if __name__ == "__main__":
    redact_each(redact)
