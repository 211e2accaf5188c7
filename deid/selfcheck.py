"""Is everything there, and does it work? `doctor` looks at the installation, `demo` takes a synthetic case through the line."""

from __future__ import annotations

import os
import sys
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distributions, version
from pathlib import Path
from typing import TYPE_CHECKING, Final

import cv2
import numpy as np

from deid import __version__, find
from deid.batch.sandbox import Cage, available
from deid.errors import DeidError
from deid.formats.exchange import dataset_to_bytes, example_dataset, transfer_syntaxes
from deid.guard import clash
from deid.keys import load_key, state_folder
from deid.policy import Policy

if TYPE_CHECKING:
    from deid.types import Display

_PACKAGES: Final = (
    "numpy",
    "opencv-python-headless",
    "onnxruntime",
    "rapidocr",
    "pydicom",
    "pillow",
    "pypdfium2",
    "zxing-cpp",
    "typer",
)
_EXTRAS: Final = {"pillow-heif": "HEIC and AVIF photos", "watchfiles": "an earlier alarm for `deid watch`"}


@dataclass(frozen=True, slots=True)
class Check:
    """One thing that was looked at. `ok` is None where it is optional and absent; `fix` is what to do about it."""

    name: str
    ok: bool | None
    text: str
    fix: str = ""


def doctor() -> tuple[Check, ...]:
    """Look at the installation: versions, engines, codecs, key; nothing is changed but a missing key is made."""
    return (
        Check("deid-toolkit", True, f"{__version__} on Python {sys.version.split()[0]}"),
        _name(),
        *(_package(name) for name in _PACKAGES),
        _opencv(),
        _engine("rapidocr", needed=True),
        _engine("rapidocr-openvino", needed=False),
        _engine("tesseract", needed=False),
        _detectors(),
        *(
            Check(
                f"DICOM {name}", True if reads else None, "read and written" if reads else "refused: no permissive codec reads it"
            )
            for name, reads in transfer_syntaxes().items()
        ),
        *(_extra(name, purpose) for name, purpose in _EXTRAS.items()),
        _sandbox(),
        _key(),
    )


def make_demo_case(folder: Path) -> None:
    """Write a small synthetic case, a workstation screen, an angiogram and a DICOM frame, with invented names in all of them."""
    folder.mkdir(parents=True, exist_ok=True)
    angiogram = _angiogram(np.random.default_rng(7))
    for text, place in (
        ("DOE^JANE", (14, 30)),
        ("MRN 4471902  067Y F", (14, 54)),
        ("12.03.2024 14:05", (14, 78)),
        ("LAO 30 CRA 15", (14, 500)),
    ):
        _write(angiogram, text, place, (240, 220, 60))
    screen = np.full((480, 760, 3), 34, np.uint8)
    labels = (("Patient: DOE, JANE", 60), ("Birth date: 04.05.1957", 100), ("Accession: A20240312-77", 140))
    for text, y in (
        *labels,
        ("Ventricular volume 34 ml", 220),
        ("Fluoro 12.4 min  DAP 81 Gycm2", 260),
        ("W 512  L 256  Zoom 2.0", 300),
    ):
        _write(screen, text, (40, y), (225, 225, 225))
    for name, picture in (("angiogram.png", angiogram), ("screen DOE_JANE.png", screen)):
        (folder / name).write_bytes(cv2.imencode(".png", cv2.cvtColor(picture, cv2.COLOR_RGB2BGR))[1].tobytes())
    grey = cv2.cvtColor(angiogram, cv2.COLOR_RGB2GRAY).astype(np.uint8)
    (folder / "run.dcm").write_bytes(dataset_to_bytes(example_dataset(grey)))


def _angiogram(noise: np.random.Generator) -> Display:
    """Draw a tree of dark vessels on grey, (512, 512, 3) uint8."""
    picture = np.full((512, 512), 150.0) + noise.normal(0, 6, (512, 512))
    branches = [(256.0, 512.0, -np.pi / 2, 11.0)]
    while branches:
        x, y, angle, width = branches.pop()
        end = x + 60 * np.cos(angle), y + 60 * np.sin(angle)
        cv2.line(picture, (round(x), round(y)), (round(end[0]), round(end[1])), 60.0, max(1, round(width)), cv2.LINE_AA)
        if width > 2:
            branches += [(*end, angle + side * noise.uniform(0.25, 0.6), width * 0.72) for side in (-1, 1)]
    smooth = np.clip(cv2.GaussianBlur(picture, (0, 0), 1.2), 0, 255).astype(np.uint8)
    return np.repeat(smooth[:, :, None], 3, axis=2)


def _write(picture: Display, text: str, place: tuple[int, int], colour: tuple[int, int, int]) -> None:
    cv2.putText(picture, text, place, cv2.FONT_HERSHEY_SIMPLEX, 0.6, colour, 1, cv2.LINE_AA)


def _name() -> Check:
    trouble = clash()
    return Check("package name", trouble is None, trouble or "ours alone", "Use a fresh virtual environment.")


def _package(name: str) -> Check:
    try:
        return Check(name, True, version(name))
    except PackageNotFoundError:
        return Check(name, False, "missing", f"pip install {name}")


def _extra(name: str, purpose: str) -> Check:
    found = _package(name)
    return found if found.ok else Check(name, None, f"not installed; needed for {purpose}", f"pip install {name}")


def _opencv() -> Check:
    builds = sorted({item.metadata["Name"] for item in distributions() if item.metadata["Name"].startswith("opencv-")})
    return Check("OpenCV builds", len(builds) == 1, ", ".join(builds), "pip uninstall all of them, then reinstall deid-toolkit.")


def _engine(name: str, *, needed: bool) -> Check:
    try:
        engine = find.load_engine(name)
    except DeidError as error:
        return Check(f"engine {name}", False if needed else None, error.message, error.hint)
    return Check(f"engine {name}", True, engine.version)


def _detectors() -> Check:
    try:
        return Check("detectors", True, ", ".join(detector.name for detector in find.load_detectors(Policy())))
    except DeidError as error:
        return Check("detectors", False, error.message, error.hint)


def _sandbox() -> Check:
    """How far this kernel confines the workers that decode pictures."""
    cage = available()
    texts = {
        Cage.FULL: "workers read the sources only, write beside the clean folder only, and have no network",
        Cage.CALLS: "workers have no network; this kernel cannot confine the files that they touch",
        Cage.NONE: "this system cannot confine workers",
    }
    return Check("sandbox", True if cage is Cage.FULL else None, texts[cage], "Linux 5.19 or later with Landlock confines fully.")


def _key() -> Check:
    try:
        return Check(
            "key", True, f"{load_key().key_id} in the private state folder{' (DEID_STATE)' if 'DEID_STATE' in os.environ else ''}"
        )
    except DeidError as error:
        return Check("key", False, f"{error.message} ({state_folder()})", error.hint)
