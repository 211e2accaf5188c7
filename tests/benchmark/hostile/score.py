"""Scores of a run: what leaked, what changed its look, what was lost; decoded here by Pillow and cv2, never by the product."""

from __future__ import annotations

import io
import json
import shutil
import subprocess
import zlib
from dataclasses import dataclass, field
from pathlib import Path

import cv2
import numpy as np
from PIL import Image, ImageCms, ImageFile, ImageOps, ImageSequence

from tests.benchmark.hostile.containers import PNG_SIGNATURE

# What exiftool says of every file, or of pixels alone; all else is a leftover.
_STRUCTURAL_GROUPS = ("ExifTool", "System", "File", "Composite")
_STRUCTURAL_TAGS = frozenset(Path(__file__).with_name("structural_tags.txt").read_text().split())
# Below this, in dB, a difference shows; turned and mirrored pictures are far below.
_SHOWS = 36.0


@dataclass
class Score:
    """Names of the entries that each fault was found in."""

    good: int = 0
    written: list[str] = field(default_factory=list)
    held: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    leaked: list[str] = field(default_factory=list)
    named: list[str] = field(default_factory=list)
    look: list[str] = field(default_factory=list)
    fine: list[str] = field(default_factory=list)
    depth: list[str] = field(default_factory=list)
    frames: list[str] = field(default_factory=list)
    leftovers: list[str] = field(default_factory=list)
    passed: list[str] = field(default_factory=list)
    unrecorded: list[str] = field(default_factory=list)
    logged: int = 0

    @property
    def perfect(self):
        """Good files that came out with nothing to object to."""
        faults = {*self.leaked, *self.named, *self.look, *self.depth, *self.frames, *self.leftovers}
        return len([name for name in self.written if name not in faults and name not in self.passed])

    def row(self):
        """The figures of the table, in its order."""
        lists = (self.leaked, self.named, self.leftovers, self.look, self.fine, self.depth, self.frames, self.passed)
        return (self.good, len(self.written) - len(self.passed), len(self.held), self.perfect, *map(len, lists), self.logged)

    def explained(self):
        """Name the entries of every fault."""
        faults = ("held", "missing", "leaked", "named", "leftovers", "look", "fine", "depth", "frames", "passed")
        return "; ".join(f"{fault}: {', '.join(getattr(self, fault))}" for fault in faults if getattr(self, fault)) or "no fault"


def scored(entries, run, out):
    """Score a run."""
    score = Score(good=sum(entry.fate == "clean" for entry in entries), logged=sum(e.token.encode() in run.log for e in entries))
    for entry in entries:
        path = run.outputs.get(entry.name)
        if entry.name not in run.recorded:
            score.unrecorded.append(entry.name)
        if path is None:
            if entry.fate == "clean":
                (score.held if entry.name in run.held else score.missing).append(entry.name)
            continue
        score.written.append(entry.name)
        if entry.token in str(path.relative_to(out)):
            score.named.append(entry.name)
        if entry.fate != "clean":
            score.passed.append(entry.name)
        else:
            _judge(entry, path.read_bytes(), score)
    left = _with_leftovers(out)
    score.leftovers = [name for name in score.written if run.outputs[name].resolve() in left and name not in score.passed]
    return score


def _judge(entry, data, score):
    frames = decoded(data)
    if token_in(data, entry.token) or len(frames) > len(entry.frames) or any(map(_hides_colour, frames)):
        score.leaked.append(entry.name)
    if len(frames) < len(entry.frames):
        score.frames.append(entry.name)
        return
    if any(frame.dtype != look.dtype for frame, look in zip(frames, entry.frames, strict=False)):
        score.depth.append(entry.name)
        return
    worst = min(_psnr(frame, look) for frame, look in zip(frames, entry.frames, strict=False))
    if worst < min(_SHOWS, entry.psnr):
        score.look.append(entry.name)
    elif worst < entry.psnr:
        score.fine.append(entry.name)


def token_in(data, token):
    """Tell whether a planted string is in a file's bytes: plain, UTF-16, as hex, or inside a compressed chunk."""
    if data.startswith(b"%PDF") and token.encode() in _text_of(data):
        return True
    forms = [token.encode(), token.encode("utf-16-le"), token.encode("utf-16-be"), token.encode().hex().encode()]
    places = [data, *(_inflated(data) if data.startswith(PNG_SIGNATURE) else [])]
    return any(form in place for form in forms for place in places)


def _text_of(data):
    """What a reader of a PDF finds in its pages and in what it says of itself."""
    import pypdfium2

    try:
        opened = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError:
        return b""
    said = [str(opened.get_metadata_dict()), *(page.get_textpage().get_text_range() for page in opened)]
    opened.close()
    return " ".join(said).encode()


def _inflated(data):
    """Bodies of the chunks of a PNG that hold compressed text or profiles."""
    at = 8
    while at + 12 <= len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        body = data[at + 8 : at + 8 + length]
        if data[at + 4 : at + 8] in (b"zTXt", b"iTXt", b"iCCP"):
            for start in [place for place in range(len(body)) if body[place] == 0x78]:
                try:
                    yield zlib.decompressobj().decompress(body[start:], 2**26)
                except zlib.error:
                    continue
        at += 12 + length


def decoded(data):
    """Decode every frame as a careful viewer shows it: upright, sRGB, (rows, columns, samples); no frame where it cannot."""
    try:
        return _pages(data) if data.startswith(b"%PDF") else _deep(data) or _shallow(data)
    except Exception:  # a file that no viewer opens shows nothing
        return []


def _pages(data):
    """Pages of a PDF, a pixel for each point of the page or of the picture that fills it."""
    import pypdfium2
    from pypdfium2 import raw

    pages, opened = [], pypdfium2.PdfDocument(data)
    for page in opened:
        pictures = list(page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]))
        scale = pictures[0].get_px_size()[0] / page.get_size()[0] if pictures else 1
        pages.append(np.asarray(page.render(scale=scale).to_pil().convert("RGB")))
    opened.close()
    return pages


def _deep(data):
    """16-bit pictures, which Pillow shows in 8 bit."""
    tiff = data[:2] in (b"II", b"MM")
    if not tiff and not (data.startswith(PNG_SIGNATURE) and data[24] == 16) and not data.startswith((b"P5", b"P6")):
        return []
    done, pages = cv2.imdecodemulti(np.frombuffer(data, np.uint8), cv2.IMREAD_UNCHANGED)
    if not done or pages[0].dtype != np.uint16:
        return []
    orders = {2: [0], 3: [2, 1, 0], 4: [2, 1, 0, 3]}
    pages = [page[:, :, orders[min(page.shape[2], 4)]] if page.ndim == 3 else page[:, :, np.newaxis] for page in pages]
    return [_inverted(page, data) if tiff else _grey_alpha(page, data) for page in pages]


def _grey_alpha(page, data):
    return page[:, :, [0, 3]] if data.startswith(PNG_SIGNATURE) and data[25] == 4 and page.shape[2] == 4 else page


def _inverted(page, data):
    with Image.open(io.BytesIO(data)) as image:
        profile, white_is_zero = image.info.get("icc_profile"), image.tag_v2.get(262) == 0
    page = 65535 - page if white_is_zero else page
    if not profile:
        return page
    return np.asarray(_srgb(Image.fromarray((page // 257).astype(np.uint8)), profile)).astype(np.uint16) * 257


def _shallow(data):
    import pillow_heif

    pillow_heif.register_heif_opener()
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    with Image.open(io.BytesIO(data)) as image:
        first = 1 if getattr(image, "default_image", False) and not data.startswith(b"\xff\xd8") else 0
        many = image.format not in ("MPO", "HEIF")
        frames = [frame.copy() for frame in ImageSequence.Iterator(image)] if many else [image.copy()]
    return [_array(_upright(frame)) for frame in frames[first:]]


def _upright(frame):
    try:
        return ImageOps.exif_transpose(frame)
    except Exception:  # damaged EXIF turns nothing
        return frame


def _array(frame):
    if frame.mode in ("I;16", "I", "F"):
        deep = np.asarray(frame)
        return (deep.astype(np.uint16) if frame.mode == "I;16" else deep)[:, :, np.newaxis]
    if frame.mode == "P":
        if "transparency" in frame.info:
            pixels = np.array(frame.convert("RGBA"))
            pixels[pixels[:, :, 3] == 0] = 0
            return pixels
        frame = frame.convert("RGB")
    if frame.mode in ("1", "CMYK", "YCbCr"):
        frame = frame.convert("L" if frame.mode == "1" else "RGB")
    if frame.info.get("icc_profile") and frame.mode == "RGB":
        frame = _srgb(frame, frame.info["icc_profile"])
    pixels = np.asarray(frame)
    return pixels if pixels.ndim == 3 else pixels[:, :, np.newaxis]


def _srgb(image, profile):
    return ImageCms.profileToProfile(image, ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"))


def _hides_colour(frame):
    """Tell whether something lies under full transparency."""
    return frame.shape[2] in (2, 4) and bool(frame[frame[:, :, -1] == 0].any())


def _psnr(frame, look):
    """Signal-to-noise ratio in dB; 0 where even the shape differs."""
    frame, look = _full(frame), _full(look)
    if frame.shape != look.shape:
        return 0.0
    error = np.square(frame - look).mean()
    return 10 * np.log10(max(1.0, np.abs(look).max()) ** 2 / error) if error else np.inf


def _full(pixels):
    """As RGB with alpha, colour 0 where nothing shows."""
    pixels = pixels.astype(np.float64)
    most = 255.0 if pixels.max() <= 255 else 65535.0
    colours, alpha = (pixels[:, :, :-1], pixels[:, :, -1:]) if pixels.shape[2] in (2, 4) else (pixels, None)
    colours = np.repeat(colours, 3, axis=2) if colours.shape[2] == 1 else colours
    alpha = np.full((*colours.shape[:2], 1), most) if alpha is None else alpha
    return np.concatenate([np.where(alpha == 0, 0, colours), alpha], axis=2)


def _with_leftovers(out):
    """Files of which exiftool, where it is installed, says more than how their pixels are laid out."""
    if shutil.which("exiftool") is None:
        return set()
    asked = subprocess.run(["exiftool", "-a", "-u", "-G1", "-j", "-r", str(out)], capture_output=True, check=False)
    records = json.loads(asked.stdout) if asked.stdout.strip() else []
    return {Path(record["SourceFile"]).resolve() for record in records if any(map(_is_leftover, record))}


def _is_leftover(key):
    group, _, tag = key.rpartition(":")
    if not group or group in _STRUCTURAL_GROUPS:
        return group == "File" and tag == "Comment"
    return tag not in _STRUCTURAL_TAGS
