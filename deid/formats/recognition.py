"""What kind of file is this? Told by its content; the name only says what it claims to be."""

from __future__ import annotations

import csv
from functools import cache
from importlib import import_module
from pathlib import Path, PurePath
from typing import Final

from deid.contents import Contents
from deid.errors import FileRefused
from deid.protocols import Format

# DICOM first: its preamble may imitate any other format (PS3.10 7.1).
_FORMATS: Final = (
    ("dicom", "Dicom"),
    ("png", "Png"),
    ("jpeg", "Jpeg"),
    ("gif", "Gif"),
    ("tiff", "Tiff"),
    ("webp", "Webp"),
    ("bmp", "Bmp"),
    ("pnm", "Pnm"),
    ("heif", "Heif"),
    ("pdf", "Pdf"),
)
_DICOM_MAGIC = b"DICM"
_DRAWN: Final = (".png", ".apng", ".gif", ".bmp", ".dib", ".pnm", ".pgm", ".ppm", ".pbm", ".tga", ".ico", ".svg", ".psd")
_PHOTOS: Final = (".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".mpo", ".tif", ".tiff", ".webp", ".heic", ".heif", ".hif", ".avif")
_RAW: Final = (".raw", ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".jp2", ".j2k", ".jpx", ".jxl")
_OTHERS: Final = (".dcm", ".dicom", ".ima", ".pdf", ".mp4", ".mov", ".avi", ".mkv", ".webm", ".pptx", ".docx")
_SUFFIXES_OF_IMAGES: Final = frozenset(_DRAWN + _PHOTOS + _RAW + _OTHERS)
_ZIPPED: Final = ((b"ppt/", "a PowerPoint file"), (b"word/", "a Word file"), (b"xl/", "an Excel file"))
_SIDECAR_NAMES: Final = frozenset(
    ("thumbs.db", "ehthumbs.db", "desktop.ini", ".ds_store", ".picasa.ini", "picasa.ini", ".directory")
)
_SIDECAR_SUFFIXES: Final = (".xmp", ".aae", ".zone.identifier", ":zone.identifier", ".thumbnail", ".pp3", ".on1", ".dop")


def recognise(data: Contents, name: str) -> Format:
    """Return the format of a file, told by its content.

    `name` is the file's base name; it decides only how a file that is no image is recorded.

    Raises
    ------
    FileRefused
        ``empty``, ``sidecar``, ``not-an-image``, ``wrong-content`` (claims to be an image and is none), or ``format-refused``
        with the kind in words.
    """
    name = name.lower()
    for module, door in _FORMATS:
        if module == "dicom" and data[128:132] != _DICOM_MAGIC and _is_picture(data):
            continue
        format_: Format = getattr(import_module(f"deid.formats.{module}"), door)()
        if format_.accepts(data):
            return format_
    raise _refusal(data, name)


def _is_picture(data: Contents) -> bool:
    return data.startswith(
        (b"\x89PNG", b"\xff\xd8\xff", b"II*\0", b"MM\0*", b"GIF8", b"RIFF", b"BM", b"P1", b"P2", b"P3", b"P4", b"P5", b"P6")
    )


def _refusal(data: Contents, name: str) -> FileRefused:
    if name in _SIDECAR_NAMES or name.endswith(_SIDECAR_SUFFIXES) or name.startswith("._"):
        return FileRefused("sidecar")
    suffix = PurePath(name).suffix
    if not data:
        return FileRefused("empty" if suffix in _SUFFIXES_OF_IMAGES or not suffix else "not-an-image")
    words = _words_for(data)
    if words:
        return FileRefused("format-refused", words)
    return FileRefused("wrong-content" if suffix in _SUFFIXES_OF_IMAGES else "not-an-image")


def _words_for(data: Contents) -> str:
    """Say what kind of file that may hold pictures this is, or nothing."""
    if data.startswith(b"PK\3\4"):
        return next((words for folder, words in _ZIPPED if folder in data), "a ZIP archive")
    if b"<svg" in data[:2048]:
        return "an SVG drawing"
    return next((words for words, offset, magic in _refused_kinds() if data[offset : offset + len(magic)] == magic), "")


@cache
def _refused_kinds() -> tuple[tuple[str, int, bytes], ...]:
    """Kinds that may hold pictures and cannot be cleaned: words for a person, offset and magic bytes."""
    with Path(__file__).with_name("refused_kinds.csv").open(encoding="utf-8", newline="") as file:
        return tuple((row["words"], int(row["offset"]), bytes.fromhex(row["magic"])) for row in csv.DictReader(file))
