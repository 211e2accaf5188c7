"""Makes sample_images/: one synthetic case, the same for everybody. ``python -m tests.benchmark.samples [FOLDER]``."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
from PIL import Image

from tests.benchmark import anatomy, dicoms, overlays, people, photos, runs, screens
from tests.benchmark.canvas import Canvas
from tests.benchmark.fonts import font_files
from tests.benchmark.people import Fields, parts
from tests.benchmark.truth import Line, Truth, with_contrast, write_index

FOLDER = Path(__file__).parents[2] / "sample_images"
SEED = 20263


def jane() -> Fields:
    """The patient of the case."""
    return people.invent(np.random.default_rng(SEED), "samples") | {
        "last": "Doe", "first": "Jane", "sex": "F", "mrn": "48213907", "accession": "A7315520", "age": "67", "agey": "67Y",
        "dob": "14-Mar-1957", "dob_iso": "19570314", "date": "02-Sep-2024", "date_iso": "20240902",
        "staff": "Vandermeer", "phone": "(555) 0148-2290", "side": "LAO", "lao": "30", "tilt": "CRAN", "cran": "20", "fov": "27",
        "vessel": "L ICA", "protocol": "Neuro DSA 4 fps", "procedure": "Coil embolization",
    }  # fmt: skip


def make(folder: Path) -> list[Truth]:
    """Write the case into a folder and return its truth."""
    folder.mkdir(parents=True, exist_ok=True)
    makers = (_screenshot, _second_screenshot, _workstation, _worklist, _photo, _single, _run, _head, _untouched)
    truths = [maker(folder, np.random.default_rng((SEED, number))) for number, maker in enumerate(makers)]
    (folder / "notes.txt").write_text(
        "Synthetic case, made by tests/benchmark/samples.py. Nobody on it exists.\n", encoding="utf-8"
    )
    truths.append(Truth("notes.txt", "samples", (), image=False))
    write_index(folder / "index.csv", truths)
    return truths


def _screen_font() -> Path:
    return font_files("samples", "screen")[0]


def _truth(name: str, lines: list[Line], frames: np.ndarray, header: tuple[str, ...] = ()) -> Truth:
    return Truth(name, "samples", with_contrast(lines, frames), header)


def _raster(folder: Path, name: str, canvas: Canvas, strings: tuple[str, ...] = (), **options: object) -> Truth:
    pixels = canvas.finished()
    Image.fromarray(pixels).save(folder / name, **options)
    return _truth(name, canvas.lines, pixels[None], strings)


def _screenshot(folder: Path, rng: np.random.Generator) -> Truth:
    fields = jane()
    scene = anatomy.scene(rng, 720, 720, noise=1.6)
    canvas = Canvas(scene.frame(rng))
    overlays.write_corners(canvas, overlays.layouts("samples")[0], fields, _screen_font(), 15)
    remark = ("{last} {mrn}", "{vessel} aneurysm 6.2 mm")
    overlays.write_on_vessels(canvas, remark, fields, font_files("samples", "screen")[3], 14, scene.density)
    return _raster(folder, "angio_DOE_JANE.png", canvas, ("Doe", "Jane"), optimize=True)


def _second_screenshot(folder: Path, rng: np.random.Generator) -> Truth:
    canvas = Canvas(anatomy.scene(rng, 768, 768, noise=2.0).frame(rng, 1.0, True))
    overlays.write_corners(canvas, overlays.layouts("samples")[1], jane(), font_files("samples", "screen")[3], 17)
    return _raster(folder, "lateral-dsa.jpg", canvas, quality=90, subsampling=0)


def _workstation(folder: Path, rng: np.random.Generator) -> Truth:
    style = screens.look(rng, font_files("samples", "screen")[:1], dark=True)
    return _raster(
        folder, "workstation.png", screens.workstation(rng, style, overlays.layouts("samples")[1], jane(), 760, 1200), optimize=True
    )


def _worklist(folder: Path, rng: np.random.Generator) -> Truth:
    style = screens.look(rng, font_files("samples", "screen")[3:], dark=False)
    canvas = screens.worklist(
        rng, style, screens.words()["samples"][0]["columns"], lambda: people.invent(rng, "samples"), 720, 1280
    )
    return _raster(folder, "worklist.png", canvas, optimize=True)


def _photo(folder: Path, rng: np.random.Generator) -> Truth:
    fields, lens = jane(), photos.Lens(moire=5.0, noise=2.0)
    dark = screens.look(rng, font_files("samples", "screen")[:1], dark=True)
    light = screens.look(rng, font_files("samples", "screen")[3:], dark=False)
    review = screens.workstation(rng, dark, overlays.layouts("samples")[1], fields, 760, 1200)
    table = screens.worklist(rng, light, screens.words()["samples"][0]["columns"], lambda: people.invent(rng, "samples"), 700, 1150)
    hand = font_files("samples", "hand")[0]
    sticker = photos.note(["[MRN] {mrn}  {last}"], fields, hand, 30, (250, 236, 120), (20, 30, 90))
    board = photos.note(
        ["{time}  {last} - {vessel}", "[Dr.] {staff}"], fields | {"time": "14:00"}, hand, 50, (232, 234, 232), (30, 60, 150)
    )
    canvas = photos.room(rng, 1350, 1800)
    for picture, centre, width, degrees, depth in (
        (photos.monitor(rng, table, lens), (1410, 800), 760, 7, 0.10),
        (photos.monitor(rng, review, lens, [sticker]), (600, 700), 1090, -8, 0.06),
        (board, (1380, 260), 520, 2, 0.02),
    ):
        canvas.paste(picture, photos.tilted(rng, (picture.rows, picture.columns), centre, width, degrees, depth))
    photos.exposed(rng, canvas, lens)
    return _raster(folder, "IMG_2041.jpg", canvas, ("Jane Doe phone", "2024:09:02"), quality=84, exif=_phone_exif())


def _phone_exif() -> Image.Exif:
    """What a phone writes beside the picture: maker, time, place."""
    exif = Image.Exif()
    exif[0x010F], exif[0x0110], exif[0x0132], exif[0x013B] = "Example", "Jane Doe phone", "2024:09:02 14:31:07", "Jane Doe"
    place = exif.get_ifd(0x8825)
    place.update({1: "N", 2: (51.0, 30.0, 26.0), 3: "W", 4: (0.0, 7.0, 39.0), 29: "2024:09:02"})
    return exif


def _single(folder: Path, rng: np.random.Generator) -> Truth:
    fields = jane()
    canvas = Canvas(anatomy.scene(rng, 512, 512, noise=2.0).frame(rng))
    overlays.write_corners(canvas, overlays.layouts("samples")[0], fields, _screen_font(), 12, colour=(240, 240, 240))
    pixels = canvas.finished()
    dicoms.save(
        dicoms.grey(dicoms.header(fields, "XA", "samples-single"), pixels[None, :, :, 0].copy()),
        folder / "DOE_JANE_XA_0001.dcm",
        "j2k",
    )
    return _truth("DOE_JANE_XA_0001.dcm", canvas.lines, pixels[None], dicoms.strings(fields))


def _run(folder: Path, rng: np.random.Generator) -> Truth:
    fields, font = jane(), _screen_font()
    white = (242, 242, 242)

    def say(template: str, at: tuple[int, int], align: str = "left") -> runs.Draw:
        return lambda canvas, index: (
            canvas.write(parts(template.replace("@", f"{index + 1:02d}"), fields), at, font, 13, white, align=align, shadow=True)
            and None
        )

    captions = [
        runs.Caption((0, 12), say("{LAST}, {FIRST}", (8, 6))),
        runs.Caption((0, 12), say("[ID] {mrn}   {dob}", (8, 24))),
        runs.Caption((18, 24), say("{hospital}", (376, 6), "right")),
        runs.Caption((18, 24), say("{date} {time}", (376, 24), "right")),
        runs.Caption((0, 30), say("{side} {lao}  {tilt} {cran}", (8, 360))),
        runs.Caption((0, 30), say("{protocol}", (376, 360), "right")),
    ]
    frames, lines = runs.filmed(anatomy.scene(rng, 384, 384, noise=1.6), rng, 30, captions)
    dicoms.save(dicoms.grey(dicoms.header(fields, "XA", "samples-run"), frames[:, :, :, 0].copy()), folder / "run07.dcm", "jpeg")
    return _truth("run07.dcm", lines, frames, dicoms.strings(fields))


def _head(folder: Path, rng: np.random.Generator) -> Truth:
    fields = jane()
    hounsfield = anatomy.slice_of_head(rng, 400)
    canvas = Canvas(np.clip((hounsfield + 10) / 90, 0, 1) * 255)
    clear = canvas.finished()
    corners = {"tl": ["{LAST}^{FIRST}", "{mrn}"], "tr": ["{hospital}", "{date}"], "bl": ["W 80 L 35"], "br": ["{kv} kV"]}
    overlays.write_corners(canvas, corners, fields, _screen_font(), 13, colour=(255, 255, 255))
    drawn = canvas.finished()
    stored = np.rint(hounsfield).astype(np.int16)
    changed = (drawn != clear).any(axis=2)
    stored[changed] = np.rint(drawn[changed, 0] / 255 * 90 - 10).astype(np.int16)
    ds = dicoms.grey(dicoms.header(fields, "CT", "samples-head"), stored[None], bits=16)
    ds.RescaleIntercept, ds.RescaleSlope, ds.WindowCenter, ds.WindowWidth = 0, 1, 35, 90
    dicoms.save(ds, folder / "ct-head.dcm", "rle")
    return _truth("ct-head.dcm", canvas.lines, drawn[None], dicoms.strings(fields))


def _untouched(folder: Path, rng: np.random.Generator) -> Truth:
    return _raster(folder, "teaching-clean.png", Canvas(anatomy.scene(rng, 640, 640, noise=1.4).frame(rng)), optimize=True)


if __name__ == "__main__":
    made = make(Path(sys.argv[1]) if len(sys.argv) > 1 else FOLDER)
    print(f"{len(made)} files, {sum(len(truth.lines) for truth in made)} lines")
