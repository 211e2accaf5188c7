"""What a run leaves outside the clean folder is for its owner only; what it says and logs names nobody; it needs no network."""

import os
import subprocess
import sys

import pytest

from deid.audit import check
from deid.batch import Options, run_with
from deid.keys import load_key, state_folder
from deid.policy import Policy
from tests.engines.blind_line import BLIND
from tests.pictures import png, screen

SECRET = "QUIXOTEVALDEZ"


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / f"case_{SECRET}"
    folder.mkdir()
    (folder / f"{SECRET}_1.png").write_bytes(png(screen([], rows=60, columns=80)))
    (folder / f"{SECRET}_2.jpg").write_text(f"not a picture of {SECRET}")
    (folder / f"{SECRET}_3.dcm").write_bytes(b"")
    return folder


@pytest.mark.parametrize("review", ["auto", "all"])
def test_modes_of_everything_beside_the_clean_folder(case, tmp_path, review):
    held = tmp_path / "clean-held"
    before = os.umask(0)
    try:
        list(run_with([case], tmp_path / "clean", Policy(review=review), Options(work=BLIND, jobs=1)))
    finally:
        os.umask(before)
    assert len(list((held / "drafts").iterdir())) == (1 if review == "all" else 0)
    for place in (held, state_folder()):
        for path in (place, *place.rglob("*")):
            assert path.stat().st_mode & 0o077 == 0, path.relative_to(place)


def test_no_name_is_outside_the_sources_and_the_private_folder(case, tmp_path):
    outcomes = list(run_with([case], tmp_path / "clean", Policy(), Options(work=BLIND, jobs=1)))
    for place in (tmp_path / "clean", state_folder()):
        for path in place.rglob("*"):
            assert SECRET not in str(path)
            assert path.is_dir() or SECRET.encode() not in path.read_bytes()
    assert SECRET not in repr(outcomes)
    assert len(outcomes) == 3


RUN = """
import socket
import sys
from pathlib import Path

def refuse(event, args):
    # A pair of connected sockets of this machine joins the run and a worker.
    outside = event == "socket.__new__" and args[1] != socket.AF_UNIX
    if outside or event in ("socket.connect", "socket.getaddrinfo", "urllib.Request"):
        raise RuntimeError(f"network: {event}")

sys.addaudithook(refuse)
from deid.batch import Options, run_with
from deid.policy import Policy
from tests.engines.blind_line import BLIND
for outcome in run_with([Path(sys.argv[1])], Path(sys.argv[2]), Policy(), Options(work=BLIND, jobs=1)):
    print(outcome.status.value)
"""


def test_a_machine_without_a_network(case, tmp_path):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", RUN, str(case), str(tmp_path / "clean")]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    assert (done.returncode, done.stderr) == (0, "")
    assert sorted(done.stdout.split()) == ["clean", "failed", "failed"]
    assert check(tmp_path / "clean", load_key()).sound
