"""A disc came with a directory of its patients: it is passed over, and a new one is made for the clean files."""

import re
import subprocess
from pathlib import Path

import pydicom
import pytest

from deid.errors import REASONS, FileRefused
from deid.formats.dicom import Dicom
from deid.policy import Policy
from deid.types import Status
from tests.dicom_samples import cleaned, dataset, file_of, picture

PAGE = Path(__file__).parents[2] / "docs" / "guide" / "disc.md"


def test_the_directory_of_a_disc_is_skipped_and_no_failure():
    with pytest.raises(FileRefused) as refused:
        Dicom().read(file_of(dataset(picture(), DirectoryRecordSequence=[])), Policy())
    assert REASONS[refused.value.reason.code].status is Status.SKIPPED


def test_the_commands_of_the_guide_make_a_directory_of_the_clean_files(tmp_path):
    (tmp_path / "CLEAN" / "group").mkdir(parents=True)
    for number in range(3):
        data = file_of(dataset(picture(), SOPInstanceUID=f"1.2.3.{number}", InstanceNumber=number + 1, SeriesNumber=1))
        (tmp_path / "CLEAN" / "group" / f"{number}.dcm").write_bytes(cleaned(data)[2])
    commands = re.search(r"```sh\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)[1]
    subprocess.run(["sh", "-e", "-c", commands], cwd=tmp_path, check=True, capture_output=True)
    directory = pydicom.dcmread(tmp_path / "disc" / "DICOMDIR")
    kinds = [record.DirectoryRecordType for record in directory.DirectoryRecordSequence]
    assert kinds == ["PATIENT", "STUDY", "SERIES", "IMAGE", "IMAGE", "IMAGE"]
    assert b"Quimby" not in (tmp_path / "disc" / "DICOMDIR").read_bytes()
