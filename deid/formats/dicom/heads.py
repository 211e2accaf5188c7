"""Tells the slices of head volumes: a face can be rendered from them, which no mask on a slice prevents."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path
from typing import Final

from pydicom.dataset import Dataset

from deid.formats.dicom.values import listed
from deid.formats.dicom.walk import items_of, text_of

_WORDS: Final = Path(__file__).with_name("head_words.txt")
# Storage classes of slices and volumes: CT, MR, PET, their enhanced and converted forms, rotational angiography, dental CT.
_VOLUMES: Final = re.compile(
    r"1\.2\.840\.10008\.5\.1\.4\.1\.1\.(2|2\.1|2\.2|4|4\.1|4\.3|4\.4|128|128\.1|130|13\.1\.1|13\.1\.2|77\.1\.6)"
)
_DESCRIBED: Final = ("StudyDescription", "SeriesDescription", "ProtocolName", "RequestedProcedureDescription")


def is_volume(dataset: Dataset) -> bool:
    """Tell whether an object is part of a volume from which a surface can be rendered."""
    return _VOLUMES.fullmatch(text_of(dataset, "SOPClassUID")) is not None


def shows_head(dataset: Dataset) -> bool:
    """Tell whether a header names the head or the neck as what is shown."""
    return is_volume(dataset) and _head_words().search(" ".join([*_parts(dataset), *_texts(dataset)])) is not None


def may_show_face(dataset: Dataset) -> bool:
    """Tell whether a face may be rendered from the volume: it is of the head, or nothing says of what it is."""
    return is_volume(dataset) and (not _parts(dataset) or shows_head(dataset))


def _parts(dataset: Dataset) -> list[str]:
    """Return the body part and the anatomic region that the header names, also in the functional groups of all frames."""
    places = [dataset]
    for shared in items_of(dataset, "SharedFunctionalGroupsSequence"):
        places += items_of(shared, "FrameAnatomySequence")
    named = [text_of(dataset, "BodyPartExamined")]
    named += [text_of(code, "CodeMeaning") for place in places for code in items_of(place, "AnatomicRegionSequence")]
    return [name for name in named if name]


def _texts(dataset: Dataset) -> list[str]:
    return [text_of(dataset, name) for name in _DESCRIBED]


@lru_cache(maxsize=1)
def _head_words() -> re.Pattern[str]:
    words = "|".join(map(re.escape, listed(_WORDS)))
    return re.compile(rf"(?<![^\W\d_])(?:{words})", re.IGNORECASE)
