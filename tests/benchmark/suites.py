"""The suites of the corpus: each maker draws picture `number` of a part into a folder and returns its truth."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from tests.benchmark import anatomy, dicoms, overlays, people, photos, runs, screens
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


def _font(rng: np.random.Generator, part: str, kind: str = "screen") -> Path:
    files = font_files(part, kind)
    return files[int(rng.integers(len(files)))]


def _layout(rng: np.random.Generator, part: str) -> overlays.Layout:
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
        return _save(folder, stem, suffix, screens.workstation(rng, style, _layout(rng, part), fields, rows, columns), strings)
    side = int(pick(rng, [512, 768, 960, 1024]))
    return _save(folder, stem, suffix, _angiogram(rng, part, fields, side, int(rng.integers(12, 21))), strings)


def _angiogram(rng: np.random.Generator, part: str, fields: Fields, side: int, size: int) -> Canvas:
    scene = anatomy.scene(rng, side, side, brightness=float(rng.uniform(90, 190)))
    canvas = Canvas(scene.frame(rng, 1.0, bool(rng.integers(3) == 0)))
    font = _font(rng, part)
    overlays.write_corners(canvas, _layout(rng, part), fields, font, min(size, side // 34))
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
    return screens.workstation(rng, style, _layout(rng, part), fields, 768, 1200)


def _note(rng: np.random.Generator, part: str, fields: Fields, size: int = 26) -> Canvas:
    paper, ink = pick(rng, [((248, 236, 130), (20, 30, 90)), ((240, 240, 238), (160, 24, 30)), ((236, 240, 244), (25, 25, 30))])
    lines = pick(rng, [["{last} {mrn}"], ["{first} {last}", "[DOB] {dob}"], ["{time} {last} {vessel}", "[Dr] {staff}"]])
    note = photos.note(lines, fields, _font(rng, part, pick(rng, ["hand", "screen"])), size, paper, ink)
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


def dicom_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Single DICOM frames of ten kinds; the pixels of every fifth show another patient than the header."""
    fields = people.invent(rng, part)
    shown = people.invent(rng, part) if number % 5 == 4 else fields
    name = f"{fields['last'].upper()}_{number:04d}.dcm" if number % 3 == 0 else f"IM{number:04d}" + (".dcm" if number % 2 else "")
    kind = number % 10
    seed = f"{part}-{number}-{fields['mrn']}"
    drawn = _KINDS[kind](rng, part, fields, shown, folder / name, seed)
    return Truth(name, "", with_contrast(drawn.lines, drawn.finished()[None]), dicoms.strings(fields), notes=_KINDS[kind].__name__)


def _labelled(rng: np.random.Generator, part: str, shown: Fields, ground: np.ndarray, *, grey: bool = True) -> Canvas:
    canvas = Canvas(ground)
    size = max(11, canvas.columns // int(rng.integers(36, 48)))
    overlays.write_corners(canvas, _layout(rng, part), shown, _font(rng, part), size, colour=(238, 238, 238) if grey else None)
    return canvas


def _one(canvas: Canvas) -> np.ndarray:
    return canvas.finished()[None, :, :, 0].copy()


def _xa(syntax: str) -> Callable[..., Canvas]:
    def kind(rng, part, fields, shown, path, seed):
        side = int(pick(rng, [512, 768, 1024]))
        canvas = _labelled(rng, part, shown, anatomy.scene(rng, side, side).frame(rng))
        dicoms.save(dicoms.grey(dicoms.header(fields, "XA", seed), _one(canvas)), path, syntax)
        return canvas

    kind.__name__ = f"xa-{syntax}"
    return kind


def _deep(rng, part, fields, shown, path, seed) -> Canvas:
    """12 bits in 16: the text is written at the white of the window."""
    canvas = _labelled(rng, part, shown, anatomy.scene(rng, 640, 640).frame(rng))
    ds = dicoms.grey(dicoms.header(fields, "XA", seed), (_one(canvas).astype(np.uint16) * 16), bits=12)
    ds.WindowCenter, ds.WindowWidth = 2048, 4096
    dicoms.save(ds, path, "jls")
    return canvas


def _ct(rng, part, fields, shown, path, seed) -> Canvas:
    hounsfield = anatomy.slice_of_head(rng, 512)
    canvas = Canvas(np.clip((hounsfield + 10) / 90, 0, 1) * 255)
    clear = canvas.finished()
    overlays.write_corners(canvas, _layout(rng, part), shown, _font(rng, part), 13, colour=(255, 255, 255))
    drawn, stored = canvas.finished(), np.rint(hounsfield).astype(np.int16)
    changed = (drawn != clear).any(axis=2)
    stored[changed] = np.rint(drawn[changed, 0] / 255 * 90 - 10).astype(np.int16)
    ds = dicoms.grey(dicoms.header(fields, "CT", seed), stored[None], bits=16)
    ds.RescaleIntercept, ds.RescaleSlope, ds.WindowCenter, ds.WindowWidth = 0, 1, 35, 90
    dicoms.save(ds, path, "rle")
    return canvas


def _us(photometric: str, syntax: str) -> Callable[..., Canvas]:
    def kind(rng, part, fields, shown, path, seed):
        canvas = _labelled(rng, part, shown, np.repeat(anatomy.ultrasound_fan(rng, 600, 800)[:, :, None], 3, axis=2), grey=False)
        dicoms.save(
            dicoms.colour(dicoms.header(fields, "US", seed), canvas.finished()[None], photometric=photometric), path, syntax
        )
        return canvas

    kind.__name__ = f"us-{photometric.lower()}-{syntax}"
    return kind


def _inverse(rng, part, fields, shown, path, seed) -> Canvas:
    canvas = _labelled(rng, part, shown, anatomy.scene(rng, 700, 560).frame(rng))
    dicoms.save(dicoms.grey(dicoms.header(fields, "CR", seed), _one(canvas), inverse=True), path)
    return canvas


def _palette(rng, part, fields, shown, path, seed) -> Canvas:
    canvas = _labelled(rng, part, shown, anatomy.scene(rng, 600, 600).frame(rng), grey=False)
    dicoms.save(dicoms.palette(dicoms.header(fields, "SC", seed), canvas.finished()), path)
    return canvas


def _capture(rng, part, fields, shown, path, seed) -> Canvas:
    style = screens.look(rng, font_files(part, "screen"))
    canvas = screens.workstation(rng, style, _layout(rng, part), shown, 720, 1100)
    dicoms.save(dicoms.colour(dicoms.header(fields, "SC", seed), canvas.finished()[None]), path, "j2k")
    return canvas


def _bare(rng, part, fields, shown, path, seed) -> Canvas:
    """An identifying header over pixels without text."""
    canvas = Canvas(anatomy.scene(rng, 512, 512).frame(rng))
    dicoms.save(dicoms.grey(dicoms.header(fields, "XA", seed), _one(canvas)), path, "j2k")
    return canvas


_KINDS = (_xa("native"), _xa("j2k"), _deep, _us("RGB", "rle"), _us("YBR_FULL", "native"), _ct, _inverse, _palette, _capture, _bare)


def cine_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Runs whose text stands still, changes, comes briefly, fades, moves, lies on DSA, or is dark on bright."""
    fields, font = people.invent(rng, part), _font(rng, part)
    side, count = int(pick(rng, [384, 512])), int(rng.integers(24, 41))
    size, kind = max(12, side // 32), ("still", "changing", "brief", "fading", "moving", "dsa", "dark")[number % 7]
    captions = _captions(kind, fields, font, size, side, count)
    brightness = 205.0 if kind == "dark" else float(rng.uniform(110, 170))
    frames, lines = runs.filmed(anatomy.scene(rng, side, side, brightness=brightness), rng, count, captions, subtract=kind == "dsa")
    syntax = ("jpeg", "rle", "native", "jls")[number % 4]
    dicoms.save(
        dicoms.grey(dicoms.header(fields, "XA", f"{part}-cine-{number}"), frames[:, :, :, 0].copy()),
        folder / f"run{number:02d}.dcm",
        syntax,
    )
    return Truth(f"run{number:02d}.dcm", "", with_contrast(lines, frames), dicoms.strings(fields), notes=kind)


def _captions(kind: str, fields: Fields, font: Path, size: int, side: int, count: int) -> list[runs.Caption]:
    ink = 20 if kind == "dark" else 240

    def say(template: str, x: float, y: float, fade: bool = False, speed: float = 0.0) -> runs.Draw:
        def draw(canvas: Canvas, index: int) -> None:
            level = int(ink * (1 if not fade else 0.45 + 0.55 * index / count))
            at = (int(x * side + speed * index), int(y * side))
            canvas.write(
                parts(template.replace("@", f"{index + 1:02d}"), fields), at, font, size, (level,) * 3, shadow=kind == "brief"
            )

        return draw

    def whole(*draws: runs.Draw) -> list[runs.Caption]:
        return [runs.Caption((0, count), draw) for draw in draws]

    name, third = "{LAST}, {FIRST}", count // 3
    if kind == "brief":
        shown = [
            runs.Caption((third, third + 5), say(name, 0.02, 0.02)),
            runs.Caption((count - 6, count), say("{mrn} {dob}", 0.02, 0.1)),
        ]
    elif kind == "fading":
        shown = [*whole(say(name, 0.02, 0.02, fade=True)), runs.Caption((count // 2, count), say("{date}", 0.6, 0.02))]
    elif kind == "moving":
        shown = [runs.Caption((0, count), say(name, 0.02, 0.3, speed=2.5), still=False), *whole(say("{mrn}", 0.02, 0.02))]
    elif kind == "changing":
        shown = [runs.Caption((n, n + 1), say("{LAST} {time}  [@]", 0.02, 0.02), still=False) for n in range(count)]
    else:
        shown = whole(say(name, 0.02, 0.02), say("{mrn}  {dob}", 0.02, 0.1))
    return whole(say("{side} {lao} {tilt} {cran}", 0.02, 0.92), say("{protocol}", 0.6, 0.92)) + shown


def scripts_suite(rng: np.random.Generator, part: str, number: int, folder: Path) -> Truth:
    """Angiograms whose names are written in other scripts than Latin."""
    locale = SCRIPTS[number % len(SCRIPTS)]
    fields = people.invent(rng, part) | people.abroad(rng, locale)
    side = int(pick(rng, [640, 768, 1024]))
    canvas = Canvas(anatomy.scene(rng, side, side, brightness=float(rng.uniform(90, 170))).frame(rng))
    font, native, size = _font(rng, part), font_files("scripts", locale)[0], int(rng.integers(16, 23))
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
