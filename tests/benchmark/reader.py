"""Reads pictures as a person sees them, with Pillow and pydicom alone: nothing of a measured system has a say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pydicom
from PIL import Image, ImageOps, ImageSequence
from pydicom.pixels import apply_color_lut, pixel_array
from pydicom.uid import JPEGTransferSyntaxes

Window = tuple[float, float]


def is_dicom(path: Path) -> bool:
    """Whether a file is DICOM, by its content."""
    with path.open("rb") as file:
        return file.read(132)[128:] == b"DICM"


def is_jpeg(path: Path) -> bool:
    """Whether the pixels of a file are coded as JPEG, in DICOM or without."""
    if is_dicom(path):
        return pydicom.filereader.read_file_meta_info(path).TransferSyntaxUID in JPEGTransferSyntaxes
    return path.read_bytes()[:2] == b"\xff\xd8"


def read_frames(path: Path, like: Path | None = None) -> np.ndarray:
    """All frames upright, (frames, rows, columns, 3) uint8 RGB; DICOM values are mapped as those of the file `like`."""
    if not is_dicom(path):
        with Image.open(path) as image:
            pages = [np.asarray(ImageOps.exif_transpose(page).convert("RGB")) for page in ImageSequence.Iterator(image)]
        return np.stack(pages[:1] if len({page.shape for page in pages}) > 1 else pages)
    ds = pydicom.dcmread(path)
    return _shown(ds, _window(pydicom.dcmread(like) if like and is_dicom(like) else ds))


def _shown(ds: pydicom.Dataset, window: Window | None) -> np.ndarray:
    pixels = pixel_array(ds)
    if ds.PhotometricInterpretation == "PALETTE COLOR":
        pixels = (apply_color_lut(pixels, ds) >> 8).astype(np.uint8)
    if int(ds.get("NumberOfFrames", 1) or 1) == 1:
        pixels = pixels[None]
    if pixels.ndim == 4:
        return pixels.astype(np.uint8)
    values = pixels.astype(np.float32)
    if window:
        centre, width = window
        values = (values * float(ds.get("RescaleSlope", 1)) + float(ds.get("RescaleIntercept", 0)) - centre) / width * 255 + 127.5
    elif ds.BitsStored != 8:
        values = values / (2.0**ds.BitsStored - 1) * 255
    grey = np.clip(255 - values if ds.PhotometricInterpretation == "MONOCHROME1" else values, 0, 255).astype(np.uint8)
    return np.repeat(grey[..., None], 3, axis=3)


def _window(ds: pydicom.Dataset) -> Window | None:
    return (float(ds.WindowCenter), float(ds.WindowWidth)) if "WindowCenter" in ds else None


def header_text(path: Path) -> str:
    """Everything that a reader shows of a file's metadata, as one text."""
    if is_dicom(path):
        ds = pydicom.dcmread(path, stop_before_pixels=True)
        return "\n".join(str(element.value) for part in (ds.file_meta, ds) for element in part.iterall())
    with Image.open(path) as image:
        found = [*image.info.values(), *image.getexif().values(), *image.getexif().get_ifd(0x8825).values()]
    return "\n".join(str(value) for value in found)
