"""Measures faces and barcodes: what is covered and read by size, turn, blur and light, and what is covered in vain.

``python -m tests.benchmark.marks`` prints the tables of docs/explain/marks.md; ``--write`` puts them there.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Sequence
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from deid.find.barcodes import BarcodeDetector
from deid.find.faces import FaceDetector
from deid.protocols import Detection
from tests.benchmark.finding_pictures import corpus
from tests.benchmark.mark_scenes import CODES, Face, Scene, crowd, heads, label, spoilt

PARTS = ("faces", "codes", "vain")
PAGE = Path(__file__).parents[2] / "docs" / "explain" / "marks.md"
# Share of a face's core or of a symbol that must lie under masks.
_FACE_COVERED, _CODE_COVERED = 0.95, 0.98

# What is shown, rows of a face's core (eyes to chin), turn in degrees, how the picture is spoilt.
FACES = (
    ("120 px", 120, 0, ""),
    ("60 px", 60, 0, ""),
    ("40 px", 40, 0, ""),
    ("25 px", 25, 0, ""),
    ("15 px", 15, 0, ""),
    ("60 px, turned 30°", 60, 30, ""),
    ("60 px, turned 45°", 60, 45, ""),
    ("60 px, lying (90°)", 60, 90, ""),
    ("60 px, upside down", 60, 180, ""),
    ("60 px, blurred (sigma 3)", 60, 0, "blur 3"),
    ("60 px, blurred (sigma 6)", 60, 0, "blur 6"),
    ("60 px, dark and noisy", 60, 0, "dark 0.15"),
    ("60 px, faint", 60, 0, "faint"),
    ("60 px, poor JPEG", 60, 0, "JPEG 30"),
)

# What is shown, px a module, turn in degrees, perspective, how the picture is spoilt.
LABELS = (
    ("4 px a module", 4, 0, 0, ""),
    ("3 px, turned 10°", 3, 10, 0, ""),
    ("3 px, turned 30°", 3, 30, 0, ""),
    ("3 px, turned 45°", 3, 45, 0, ""),
    ("3 px, turned 80°", 3, 80, 0, ""),
    ("3 px, seen from the side", 3, 8, 0.5, ""),
    ("2 px", 2, 3, 0, ""),
    ("1.5 px", 1.5, 3, 0, ""),
    ("1 px", 1, 3, 0, ""),
    ("3 px, blurred (sigma 1)", 3, 5, 0, "blur 1"),
    ("3 px, blurred (sigma 2)", 3, 5, 0, "blur 2"),
    ("3 px, moiré", 3, 5, 0.2, "moiré"),
    ("3 px, dark and noisy", 3, 5, 0, "dark 0.15"),
    ("3 px, glare", 3, 5, 0, "glare 40"),
    ("2 px, poor JPEG", 2, 5, 0, "JPEG 35"),
)
# Photographs without a face that scikit-image carries.
FACELESS = (
    "coffee",
    "chelsea",
    "rocket",
    "retina",
    "hubble_deep_field",
    "brick",
    "grass",
    "gravel",
    "coins",
    "text",
    "page",
    "moon",
    "cell",
)


def share_covered(truth: np.ndarray, found: Sequence[Detection], shape: tuple[int, ...]) -> float:
    """Which share of a polygon lies under the regions found."""
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(truth).astype(np.int32)], 1)
    whole = int(mask.sum())
    for detection in found:
        cv2.fillPoly(mask, [np.array(detection.region.polygon, np.int32)], 0)
    return 1 - int(mask.sum()) / max(whole, 1)


def measure_faces(detector: FaceDetector, faces: list[Face]) -> list[str]:
    """One row a condition: faces covered of faces shown."""
    rows = ["| faces (eyes to chin, in a room of 1440 × 1080 px) | covered | CPU seconds a picture |", "|---|---|---|"]
    for number, (title, size, degrees, how) in enumerate(FACES):
        covered, seconds, groups = 0, 0.0, [faces[start::2] for start in range(2)] if size > 80 else [faces]
        for group in groups:
            scene = crowd(group, 1080, 1440, size, degrees, number)
            image = spoilt(scene.image, how, number)
            began = time.process_time()
            found = detector.detect(image)
            seconds += time.process_time() - began
            covered += sum(share_covered(truth, found, image.shape) >= _FACE_COVERED for truth, _ in scene.truths)
        rows.append(f"| {title} | {covered} of {len(faces)} | {seconds / len(groups):.1f} |")
    return rows


def measure_codes(detector: BarcodeDetector, repeats: int) -> list[str]:
    """One row a condition, one column a kind: codes covered whole and codes read, of codes shown."""
    rows = ["| codes: covered whole / read, of " + str(repeats) + " | " + " | ".join(CODES) + " |", "|---" * (1 + len(CODES)) + "|"]
    sums, seconds, count = {kind: [0, 0] for kind in CODES}, 0.0, 0
    for title, module, degrees, depth, how in LABELS:
        cells = []
        for kind in CODES:
            scenes = [label(kind, module, degrees + 3 * seed, depth, 100 + seed) for seed in range(repeats)]
            hits = [_code_hits(detector, scene, spoilt(scene.image, how, seed)) for seed, scene in enumerate(scenes)]
            covered, read = sum(hit[0] for hit in hits), sum(hit[1] for hit in hits)
            sums[kind][0] += covered
            sums[kind][1] += read
            seconds += sum(hit[2] for hit in hits)
            count += repeats
            cells.append(f"{covered} / {read}")
        rows.append(f"| {title} | " + " | ".join(cells) + " |")
    shown = repeats * len(LABELS)
    rows.append(f"| **all, of {shown}** | " + " | ".join(f"**{covered} / {read}**" for covered, read in sums.values()) + " |")
    return [*rows, "", f"{seconds / count:.2f} CPU seconds a picture of 760 × 600 px."]


def _code_hits(detector: BarcodeDetector, scene: Scene, image: np.ndarray) -> tuple[bool, bool, float]:
    truth, text = scene.truths[0]
    began = time.process_time()
    found = detector.detect(image)
    seconds = time.process_time() - began
    return share_covered(truth, found, image.shape) >= _CODE_COVERED, text in [code.text for code in found], seconds


def measure_in_vain(faces: FaceDetector, codes: BarcodeDetector, count: int) -> list[str]:
    """Covers where nothing was, and the time it took to see that."""
    everyday = []
    for name in FACELESS:
        image = getattr(data, name)()
        everyday.append(np.repeat(image[..., None], 3, axis=2) if image.ndim == 2 else image[..., :3])
    sets = {"photographs of things, animals, stars": everyday}
    for suite, title in (("photos", "photos of monitors"), ("dark", "screens"), ("frames", "angiography frames")):
        sets[title] = [picture.pixels for picture in corpus("measure", 11, count, (suite,))]
    rows = [
        "| pictures without a face or code | pictures | with a false face | with a false code | CPU seconds: faces, codes |",
        "|---|---|---|---|---|",
    ]
    for title, images in sets.items():
        cells = []
        for detector in (faces, codes):
            began = time.process_time()
            hit = sum(bool(detector.detect(np.ascontiguousarray(image))) for image in images)
            cells.append((hit, (time.process_time() - began) / len(images)))
        rows.append(f"| {title} | {len(images)} | {cells[0][0]} | {cells[1][0]} | {cells[0][1]:.1f}, {cells[1][1]:.1f} |")
    return rows


def page(every: int, repeats: int, pictures: int, parts: Sequence[str]) -> str:
    """The page, or some of its parts; each is printed when it is done."""
    faces, codes = FaceDetector(), BarcodeDetector()
    shown = heads()
    shown = shown[:100:every] + shown[100:]
    makers = {
        "faces": lambda: measure_faces(faces, shown),
        "codes": lambda: measure_codes(codes, repeats),
        "vain": lambda: measure_in_vain(faces, codes, pictures),
    }
    done = [f"# Faces and barcodes\n\nMeasured by `python -m tests.benchmark.marks`. {_ABOUT}"]
    for part in parts:
        done.append("\n".join(makers[part]()))
        print(done[-1], flush=True)
    return "\n\n".join([*done, _LIMITS]) + "\n"


_ABOUT = (
    "The faces are some of the hundred of LFW that scikit-image carries (25 × 25 px, cut at the ears, enlarged: harder "
    "than a person in a room, who has hair and shoulders) and its two portraits, blended into a room. A face counts as covered "
    "where 95 % of the area between eyebrows and chin lies under masks, a code where 98 % of its bars do. The codes are drawn by "
    "zxing-cpp, which reads them too: other printers' codes may be read worse."
)
_LIMITS = (
    "Finding faces is best effort. Heads seen from behind or hidden behind mask and visor, tattoos, and faces between two quarter "
    "turns are missed more often than the table's upright ones; a picture in which a face was found is held for a person unless "
    "the policy says otherwise."
)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--every", type=int, default=2, help="show every n-th of the hundred faces")
    parser.add_argument("--repeats", type=int, default=3, help="codes of each kind and condition")
    parser.add_argument("--pictures", type=int, default=10, help="pictures of each suite without faces and codes")
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS, help="what to measure")
    parser.add_argument("--write", action="store_true", help="write docs/explain/marks.md")
    options = parser.parse_args()
    text = page(options.every, options.repeats, options.pictures, options.parts)
    if options.write:
        PAGE.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
