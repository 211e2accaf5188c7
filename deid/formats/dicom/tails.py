"""Binary values that are longer than their descriptors say, and numbers as bytes: text can hide in both."""

from __future__ import annotations

import struct
from typing import Final

from pydicom.dataelem import DataElement
from pydicom.dataset import Dataset

from deid.formats.dicom.walk import value_of

_FORMATS: Final = {"US": "H", "SS": "h", "UL": "I", "SL": "i", "UV": "Q", "SV": "q", "FL": "f", "FD": "d", "AT": "I"}
# Bytes; a single number of fewer is a text by chance once in a thousand.
_LONG_TEXT: Final = 12
_LUT_DATA: Final = 0x00283006
_WAVEFORM: Final = 0x54001010
# Data of the three or four colours of a palette, and the descriptor of each.
_PALETTES: Final = {0x00281200 + colour: 0x00281100 + colour for colour in (1, 2, 3, 4)}
_MEASURED: Final = frozenset({_LUT_DATA, _WAVEFORM, *_PALETTES})


def without_tail(element: DataElement, dataset: Dataset) -> DataElement:
    """Return a table or waveform cut to the length that its descriptors say; anything else as it is."""
    if int(element.tag) not in _MEASURED or not element.VM:
        return element
    # A table is bytes, or a list of words.
    words = 1 if isinstance(element.value, bytes) else 2
    held = list(element.value) if words == 2 and element.VM > 1 else element.value
    try:
        length = _length(int(element.tag), dataset, len(held) * words)
        kept = held[: -(-(length + length % 2) // words)]
    except (LookupError, TypeError, ValueError):
        # Descriptors that cannot be read: nobody can show the table, and nothing says where it ends.
        kept = held[:0] if isinstance(held, (bytes, list)) else None
    return element if len(kept or ()) == len(held) else DataElement(element.tag, element.VR, kept)


def packed(element: DataElement) -> bytes:
    """Return binary numbers as bytes; written ones, and those that fit into no number, as none."""
    form = _FORMATS.get(element.VR)
    value = element.value
    if form is None or value is None:
        return b""
    numbers = list(value) if element.VM > 1 else [value] if element.VM else []
    try:
        return struct.pack(f"<{len(numbers)}{form}", *numbers)
    except (struct.error, TypeError):
        return b""


def spells(data: bytes) -> bool:
    """Tell whether the bytes of numbers are letters from end to end, which no measured numbers are by chance."""
    text = data.rstrip(b"\0 ")
    return len(text) >= _LONG_TEXT and text.isascii() and text.decode().isprintable()


def _length(tag: int, dataset: Dataset, actual: int) -> int:
    """Return how many bytes a value may have."""
    if tag == _WAVEFORM:
        numbers = ("NumberOfWaveformChannels", "NumberOfWaveformSamples", "WaveformBitsAllocated")
        channels, samples, bits = (int(value_of(dataset, name)) for name in numbers)
        return channels * samples * bits // 8
    entries, _, bits = (int(one) for one in dataset[_PALETTES.get(tag, 0x00283002)].value)
    entries = entries or 65536
    # Eight bits lie in bytes or in words: what there is decides.
    return entries if bits <= 8 and actual < 2 * entries else 2 * entries
