"""Every attribute that the standard knows, under every kind of value there is: a name in it does not come out."""

import io
from dataclasses import replace

import pydicom
import pytest
from pydicom.datadict import DicomDictionary, dictionary_VR

from deid import phi
from deid.formats.dicom import Dicom
from deid.policy import load_policy
from deid.types import Plan
from tests.dicom_samples import KEY, dataset, file_of, picture

VRS = ["AE", "AS", "AT", "CS", "DA", "DS", "DT", "FD", "FL", "IS", "LO", "LT", "OB", "OD", "OF", "OL", "OV", "OW", "PN", "SH", "SL"]
VRS += ["SS", "ST", "SV", "TM", "UC", "UI", "UL", "UN", "UR", "US", "UT", "UV"]
LONG = {"OB", "OD", "OF", "OL", "OV", "OW", "SV", "UC", "UN", "UR", "UT", "UV"}
# The picture, its description, what makes a directory or a document of the file.
LEFT_ALONE = {0x00041220, 0x00420011, 0x00080005, 0x00080016, 0x00080018}
TAGS = [
    tag
    for tag in DicomDictionary
    if 0x0008 <= tag >> 16 != 0x7FE0 and tag >> 16 != 0x0028 and tag not in LEFT_ALONE and dictionary_VR(tag) != "SQ"
]
SECRET = b"Zorvanek Quillmane      "


def _everywhere(vr):
    """A file that holds the secret in every attribute, as explicit little endian bytes."""
    plain = dataset(picture())
    whole = file_of(plain)
    parts = {int(element.tag): _single(element) for element in plain}
    length = b"\0\0" + len(SECRET).to_bytes(4, "little") if vr in LONG else len(SECRET).to_bytes(2, "little")
    for tag in TAGS:
        parts[tag] = (tag >> 16).to_bytes(2, "little") + (tag & 0xFFFF).to_bytes(2, "little") + vr.encode() + length + SECRET
    return whole[: 144 + int.from_bytes(whole[140:144], "little")] + b"".join(parts[tag] for tag in sorted(parts))


def _single(element):
    alone, out = pydicom.Dataset(), io.BytesIO()
    alone.add(element)
    pydicom.dcmwrite(out, alone, implicit_vr=False, little_endian=True)
    return out.getvalue()


@pytest.mark.slow
@pytest.mark.parametrize("policy", ["posting", "research"])
@pytest.mark.parametrize("vr", VRS)
def test_a_name_in_any_attribute_under_any_vr_does_not_come_out(vr, policy):
    form, chosen = Dicom(), load_policy(policy)
    # Nobody told the name: no attribute may be cut because another one betrayed it.
    instance = replace(form.read(_everywhere(vr), chosen), known=())
    cuts = phi.classify_header(instance.header_text, (), chosen)
    out = io.BytesIO()
    form.write(instance, instance.frames, Plan(header=cuts), KEY, (), chosen, out)
    assert b"Zorvanek" not in out.getvalue()
    assert b"Quillmane" not in out.getvalue()
    assert form.strangers(out.getvalue()) == ()
