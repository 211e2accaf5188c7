"""What is left of the planted strings and burned-in text in the output, and what was kept and related as it should be."""

from __future__ import annotations

import contextlib
import io
import re
import zlib
from collections import Counter
from dataclasses import dataclass, field

import numpy as np
import pydicom
from pydicom.dataset import Dataset

from deid.errors import FileRefused
from deid.formats.dicom import Dicom
from deid.formats.dicom.quiet import quiet
from deid.policy import Policy

_ENCODINGS = (
    "utf-8",
    "latin-1",
    "utf-16-le",
    "utf-16-be",
    "iso2022_jp",
    "iso8859_2",
    "iso8859_5",
    "iso8859_6",
    "iso8859_7",
    "iso8859_8",
    "gb18030",
    "shift_jis",
)
# Correlation of glyph pixels with the output from which on a text can be made out.
_LEGIBLE = 0.35


@dataclass
class Score:
    """Counts for one system; `left` names (kind, what) of each leak, for the developer's eyes: all people are invented."""

    files: int = 0
    written: int = 0
    lost: int = 0
    refused_rightly: int = 0
    wrongly_written: int = 0
    strings: int = 0
    left: list[tuple[str, str]] = field(default_factory=list)
    burned: int = 0
    burned_left: list[str] = field(default_factory=list)
    changed_outside: list[str] = field(default_factory=list)
    kept: Counter = field(default_factory=Counter)
    lacking: list[tuple[str, str]] = field(default_factory=list)
    unstated: int = 0
    relations: Counter = field(default_factory=Counter)
    intervals: Counter = field(default_factory=Counter)
    patients: str = ""
    lost_kinds: list[str] = field(default_factory=list)


def score(files, outputs):
    """Score the outputs of one system: `outputs` maps a file's name to the bytes written, None where nothing was."""
    total = Score(files=len(files))
    read = {}
    for file in files:
        data = outputs.get(file.name)
        if data is None:
            total.refused_rightly += file.refuse
            total.lost += not file.refuse
            total.lost_kinds += [] if file.refuse else [file.kind]
            continue
        total.written += 1
        total.wrongly_written += file.refuse
        read[file.name] = written = _read(data)
        _strings(file, data, written, total)
        if file.burned:
            _pixels(file, data, total)
        if written is not None:
            _kept(file, written, total)
            _stated(file, written, total)
    _relations(files, read, total)
    return total


def _read(data):
    with quiet():
        try:
            ds = pydicom.dcmread(io.BytesIO(data), force=True)
            str(ds)
        except Exception:
            return None
    return ds


def _strings(file, data, written, total):
    planted = {*file.planted, *file.person.secrets()}
    total.strings += len(planted)
    haystacks = [data, *_inflated(data)]
    folded = [hay.lower() for hay in haystacks]
    text = _decoded(written).lower()
    for secret in planted:
        forms = {form for encoding in _ENCODINGS if (form := _encoded(secret, encoding))}
        ascii_hit = any(form.lower() in hay for form in forms for hay in folded)
        if ascii_hit or secret.lower() in text:
            total.left.append((file.kind, secret))


def _encoded(secret, encoding):
    try:
        return secret.encode(encoding)
    except UnicodeEncodeError:
        return b""


def _inflated(data):
    """Every zlib or raw deflate stream in the file."""
    found = []
    for start in [match.start() for match in re.finditer(rb"\x78[\x01\x5e\x9c\xda]", data)][:200]:
        try:
            found.append(zlib.decompressobj().decompress(data[start:], 1 << 24))
        except zlib.error:
            continue
    if b"1.2.840.10008.1.2.1.99" in data[:600]:
        start = 144 + int.from_bytes(data[140:144], "little")
        with contextlib.suppress(zlib.error):
            found.append(zlib.decompressobj(-15).decompress(data[start:], 1 << 26))
    return found


def _decoded(ds):
    if ds is None:
        return ""
    with quiet():
        return "\n".join(str(element.value) for element in ds.iterall() if element.VR not in ("OB", "OW", "SQ", "OF", "UN"))


def _pixels(file, data, total):
    total.burned += len(file.burned)
    try:
        before, after = (Dicom().read(one, Policy().but(clean_graphics=True)).frames for one in (file.data, data))
        for index, mask in file.burned.items():
            looks = max((_visible(look, mask) for look in after.looks(index)), default=0.0)
            if looks > _LEGIBLE or _bit_planes(data, mask):
                total.burned_left.append(file.kind)
        for index in range(before.count):
            if not after.lossy and not _outside_equal(before.stored(index), after.stored(index), next(iter(file.burned.values()))):
                total.changed_outside.append(file.kind)
    except FileRefused:
        total.burned_left.append(f"{file.kind} (unreadable)")


def _visible(look, mask):
    grey = look.astype(np.float64).mean(axis=2)
    rows = np.flatnonzero(mask.any(axis=1))
    columns = np.flatnonzero(mask.any(axis=0))
    box = np.s_[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    shown, wanted = grey[box] - grey[box].mean(), mask[box] - mask[box].mean()
    norm = np.sqrt((shown**2).sum() * (wanted**2).sum())
    return abs(float((shown * wanted).sum() / norm)) if norm > 0 else 0.0


def _bit_planes(data, mask):
    """Tell whether a bit that no sample uses shows the text."""
    ds = _read(data)
    if (
        ds is None
        or "PixelData" not in ds
        or ds.get("BitsAllocated") != 16
        or ds.BitsStored == 16
        or ds["PixelData"].is_undefined_length
    ):
        return False
    words = np.frombuffer(ds.PixelData, "<u2")[: mask.size].reshape(mask.shape)
    return any(_visible(np.repeat((words >> bit & 1)[..., None], 3, 2), mask) > _LEGIBLE for bit in range(ds.BitsStored, 16))


def _outside_equal(before, after, mask):
    """Compare samples away from the text: everything that is far from it must be as it was."""
    if before.shape != after.shape:
        return False
    if mask is None:
        return np.array_equal(before, after, equal_nan=True)
    rows = np.flatnonzero(mask.any(axis=1))
    return np.array_equal(before[rows[-1] + 25 :], after[rows[-1] + 25 :], equal_nan=True)


def _kept(file, written, total):
    for keyword, value in file.keep.items():
        found = str(written.get(keyword.rstrip("~"), ""))
        good = value in found if keyword.endswith("~") else found == value
        total.kept[good] += 1
        if not good:
            total.lacking.append((file.kind, keyword))


def _stated(file, written, total):
    codes = [str(item.get("CodeValue", "")) for item in written.get("DeidentificationMethodCodeSequence") or ()]
    pixels = any(word in written for word in ("PixelData", "FloatPixelData", "DoubleFloatPixelData"))
    honest = written.get("PatientIdentityRemoved") == "YES" and "DeidentificationMethod" in written and "113100" in codes
    honest &= "LongitudinalTemporalInformationModified" in written and ("113101" in codes) == pixels
    total.unstated += not honest


def _relations(files, read, total):
    """References follow their instances, studies and series stay together, patients stay apart, intervals stay."""
    sources = {file.name: _read(file.data) for file in files if read.get(file.name) is not None}
    mapped: dict[tuple[str, str], set[str]] = {}
    for file in files:
        before, after = sources.get(file.name), read.get(file.name)
        if before is None or after is None:
            continue
        for keyword in ("SOPInstanceUID", "SeriesInstanceUID", "StudyInstanceUID", "PatientID"):
            owner = "" if keyword != "PatientID" else file.person.mrn
            mapped.setdefault((keyword, owner or str(before.get(keyword))), set()).add(str(after.get(keyword)))
        _interval(before, after, total)
    consistent = all(len(found) == 1 and "" not in found for found in mapped.values())
    ids = [found for (keyword, _), found in mapped.items() if keyword == "PatientID"]
    total.patients = "kept apart" if len(set().union(*ids)) == len(ids) and consistent else "split or merged"
    for file in files:
        before, after = sources.get(file.name), read.get(file.name)
        if before is not None and after is not None:
            for old, new in zip(_references(before), _references(after) or [None] * 99, strict=False):
                wanted = mapped.get(("SOPInstanceUID", old))
                if wanted:
                    total.relations[new in wanted] += 1


def _references(ds: Dataset):
    with quiet():
        return [str(element.value) for element in ds.iterall() if element.keyword == "ReferencedSOPInstanceUID"]


def _interval(before, after, total):
    if after.get("LongitudinalTemporalInformationModified") == "REMOVED":
        return
    try:
        pairs = [(pydicom.valuerep.DA(str(ds.ContentDate)), pydicom.valuerep.DA(str(ds.StudyDate))) for ds in (before, after)]
        total.intervals[(pairs[0][0] - pairs[0][1]) == (pairs[1][0] - pairs[1][1])] += 1
    except (AttributeError, TypeError, ValueError):
        total.intervals[False] += 1
