"""The suites of the corpus: each maker draws picture `number` of a part into a folder and returns its truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.benchmark import anatomy, overlays, people, photos, screens
from tests.benchmark.canvas import Canvas
from tests.benchmark.fonts import font_files
from tests.benchmark.people import Fields, parts, pick
from tests.benchmark.truth import Truth, with_contrast

Maker = Callable[[np.random.Generator, str, int, Path], Truth]

RASTERS = (".png", ".jpg", ".png", ".jpg", ".tif", ".webp", ".bmp")
_SIDES = {3: Image.Transpose.ROTATE_180, 6: Image.Transpose.ROTATE_90, 8: Image.Transpose.ROTATE_270}
SCRIPTS = ("ru_RU", "el_GR", "he_IL", "th_TH", "ja_JP", "zh_CN")
REMARKS = (
    ["{last} {mrn}", "{vessel} stenosis 70%"],
    ["{LAST} {date}", "{vessel} 4.2 mm"],
    ["{first} {last}", "{side} {lao} {tilt} {cran}"],
)


def any_font(rng: np.random.Generator, part: str, kind: str = "screen") -> Path:
    """One of a part's fonts."""
    files = font_files(part, kind)
    return files[int(rng.integers(len(files)))]


def any_layout(rng: np.random.Generator, part: str) -> overlays.Layout:
    """One of a part's corner layouts."""
    return pick(rng, overlays.layouts(part))


def _save(folder: Path, stem: str, suffix: str, canvas: Canvas, strings: tuple[str, ...] = (), quality: int = 88) -> Truth:
    """Write a raster picture; the truth speaks of what a reader of the file sees."""
    pixels = canvas.finished()
    options: dict = {"quality": quality} if suffix == ".jpg" else {"lossless": True} if suffix == ".webp" else {}
    Image.fromarray(pixels).save(folder / f"{stem}{suffix}", **options)
    return Truth(f"{stem}{suffix}", "", with_contrast(canvas.lines, pixels[None]), strings)


def _stem(rng: np.random.Generator, fields: Fields, number: int) -> tuple[str, tuple[str, ...]]:
    """A file name as users give it; every third carries the patient."""
    if rng.integers(3):
        return pick(rng, ["capture", "Bild", "export", "scan"]) + f"_{number:03d}", ()
    return f"{fields['last'].upper()}_{fields['first']}_{fields['mrn']}", (fields["last"], fields["mrn"])


def screens_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Angiograms with corner text and remarks on vessels, and whole workstation screens, in turn."""
    fields, suffix = people.invent(rng, part), RASTERS[number % len(RASTERS)]
    stem, strings = _stem(rng, fields, number)
    if number % 2:
        style = screens.look(rng, font_files(part, "screen"))
        rows, columns = pick(rng, [(768, 1024), (800, 1280), (900, 1440), (1080, 1920)])
        return _save(folder, stem, suffix, screens.workstation(rng, style, any_layout(rng, part), fields, rows, columns), strings)
    side = int(pick(rng, [512, 768, 960, 1024]))
    return _save(folder, stem, suffix, _angiogram(rng, part, fields, side, int(rng.integers(12, 21))), strings)


def _angiogram(rng: np.random.Generator, part: str, fields: Fields, side: int, size: int) -> Canvas:
    scene = anatomy.scene(rng, side, side, brightness=float(rng.uniform(90, 190)))
    canvas = Canvas(scene.frame(rng, 1.0, bool(rng.integers(3) == 0)))
    font = any_font(rng, part)
    overlays.write_corners(canvas, any_layout(rng, part), fields, font, min(size, side // 34))
    if rng.integers(2):
        overlays.write_on_vessels(canvas, pick(rng, list(REMARKS)), fields, font, int(rng.integers(11, 16)), scene.density)
    if rng.integers(3) == 0:
        at = (canvas.columns - 30, canvas.rows // 3)
        canvas.write(
            parts("{LAST} {mrn}", fields), at, font, int(rng.integers(12, 18)), (235, 235, 235), turns=int(pick(rng, [1, 3]))
        )
    return canvas


def worklists_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Tables of patients."""
    style = screens.look(rng, font_files(part, "screen"), dark=bool(number % 2))
    tables = screens.words()[part]
    rows, columns = pick(rng, [(600, 1100), (768, 1280), (900, 1500)])
    canvas = screens.worklist(rng, style, tables[number % len(tables)]["columns"], lambda: people.invent(rng, part), rows, columns)
    return _save(folder, f"worklist_{number:03d}", RASTERS[number % len(RASTERS)], canvas)


def photos_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Phone photos: one to four screens, tilt to 25 degrees, stickers, whiteboard, wristband, codes; every fourth held sideways."""
    fields = people.invent(rng, part)
    lens = photos.Lens(*(float(v) for v in rng.uniform((2, 20, 0.3, 1.5, 0.1), (11, 110, 1.1, 5, 0.5))))
    rows, columns = pick(rng, [(1512, 2016), (1512, 2016), (2268, 3024)])
    canvas = photos.room(rng, rows, columns)
    for (x, y, width), degrees in zip(_places(rng), rng.uniform(-1, 1, 4) * pick(rng, [6, 12, 25]), strict=False):
        notes = [_note(rng, part, fields)] if rng.integers(2) else []
        picture = photos.monitor(rng, _screen(rng, part, fields), lens, notes)
        size = (picture.rows, picture.columns)
        centre = (x * columns, y * rows)
        canvas.paste(picture, photos.tilted(rng, size, centre, width * columns, float(degrees), float(rng.uniform(0, 0.14))))
    if rng.integers(2):
        paper = _note(rng, part, fields, size=int(rng.integers(34, 70)))
        scale = float(rng.uniform(0.7, 1.0))
        canvas.paste(
            paper, photos.tilted(rng, (paper.rows, paper.columns), (columns * 0.5, rows * 0.09), paper.columns * scale, 3, 0.02)
        )
    photos.exposed(rng, canvas, lens)
    turn = int(pick(rng, [1, 1, 1, 6, 8, 3]))
    return _snapshot(folder, f"IMG_{2000 + number}", canvas, fields, turn, int(rng.integers(70, 93)))


def _places(rng: np.random.Generator) -> list[tuple[float, float, float]]:
    """Centre and width of screens, in shares of the photo."""
    one, two = [(0.5, 0.52, 0.82)], [(0.28, 0.55, 0.48), (0.75, 0.52, 0.42)]
    four = [(0.27, 0.32, 0.42), (0.73, 0.33, 0.42), (0.28, 0.74, 0.42), (0.74, 0.75, 0.4)]
    return pick(rng, [one, one, one, two, two, four])


def _screen(rng: np.random.Generator, part: str, fields: Fields) -> Canvas:
    style = screens.look(rng, font_files(part, "screen"))
    kind = int(rng.integers(4))
    if kind == 0:
        columns = pick(rng, screens.words()[part])["columns"]
        return screens.worklist(rng, style, columns, lambda: people.invent(rng, part), 640, 1024)
    if kind == 1:
        return _angiogram(rng, part, fields, 768, 18)
    return screens.workstation(rng, style, any_layout(rng, part), fields, 768, 1200)


def _note(rng: np.random.Generator, part: str, fields: Fields, size: int = 26) -> Canvas:
    paper, ink = pick(rng, [((248, 236, 130), (20, 30, 90)), ((240, 240, 238), (160, 24, 30)), ((236, 240, 244), (25, 25, 30))])
    lines = pick(rng, [["{last} {mrn}"], ["{first} {last}", "[DOB] {dob}"], ["{time} {last} {vessel}", "[Dr] {staff}"]])
    note = photos.note(lines, fields, any_font(rng, part, pick(rng, ["hand", "screen"])), size, paper, ink)
    kind = pick(rng, ["", "", "", "qr", "code128"])
    return photos.with_code(note, f"{fields['mrn']}^{fields['last']}", kind) if kind else note


def _snapshot(folder: Path, stem: str, canvas: Canvas, fields: Fields, orientation: int, quality: int) -> Truth:
    """Write a photo with what a phone tells about it; `orientation` 3, 6 and 8 store it turned."""
    pixels = canvas.finished()
    exif = Image.Exif()
    exif[0x010F], exif[0x013B], exif[0x0112] = "Example Phone", f"{fields['first']} {fields['last']}", orientation
    exif[0x0132] = "2024:09:02 14:31:07"
    exif.get_ifd(0x8825).update({1: "N", 2: (51.0, 30.0, 26.0), 3: "W", 4: (0.0, 7.0, 39.0)})
    image = Image.fromarray(pixels)
    stored = image.transpose(_SIDES[orientation]) if orientation in _SIDES else image
    stored.save(folder / f"{stem}.jpg", quality=quality, exif=exif)
    return Truth(
        f"{stem}.jpg", "", with_contrast(canvas.lines, pixels[None]), (f"{fields['first']} {fields['last']}", "2024:09:02")
    )


def scripts_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Angiograms whose names are written in other scripts than Latin."""
    locale = SCRIPTS[number % len(SCRIPTS)]
    fields = people.invent(rng, part) | people.abroad(rng, locale)
    side = int(pick(rng, [640, 768, 1024]))
    canvas = Canvas(anatomy.scene(rng, side, side, brightness=float(rng.uniform(90, 170))).frame(rng))
    font, native, size = any_font(rng, part), font_files("scripts", locale)[0], int(rng.integers(16, 23))
    for number_of, (template, face_of) in enumerate((("{name}", native), ("{mrn}  {dob}", font), ("{staff}", native))):
        canvas.write(parts(template, fields), (12, 10 + round(number_of * size * 1.5)), face_of, size, (250, 236, 120))
    for number_of, template in enumerate(("{side} {lao} {tilt} {cran}", "{kv} kV {ma} mA")):
        canvas.write(parts(template, fields), (12, side - 60 + round(number_of * size * 1.3)), font, size, (240, 240, 240))
    return _save(folder, f"capture_{number:03d}", RASTERS[number % 2], canvas)


def clean_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Anatomy without any text."""
    rows, columns = pick(rng, [(512, 512), (768, 768), (900, 1200), (1024, 1024)])
    if number % 4 == 3:
        fan = cv2.resize(anatomy.ultrasound_fan(rng, 480, 640), (columns, rows))
        return _save(folder, f"clean_{number}", ".png", Canvas(fan))
    scene = anatomy.scene(rng, rows, columns, brightness=float(rng.uniform(90, 200)), noise=float(rng.uniform(2, 14)))
    return _save(folder, f"clean_{number}", RASTERS[number % 3], Canvas(scene.frame(rng, 1.0, number % 4 == 1)))
