"""What a run leaves outside the clean folder is for its owner only; what it says and logs names nobody; it needs no network."""

import os
import subprocess
import sys
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.memory import MemoryFileSystem

from deid.audit import check
from deid.batch import Options, Shard, merge, run_with
from deid.batch.reviewed import Reviewed
from deid.batch.urls import local
from deid.keys import load_key, state_folder
from deid.policy import Policy
from deid.types import Decision
from deid.watch import Times, WatchOptions, watch
from tests.engines.blind_line import BLIND
from tests.engines.paper_line import PAPER
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


def test_modes_after_everything_that_can_happen_to_a_clean_folder(tmp_path):
    """Watched, withdrawn, reviewed, tampered with, run in shards and merged, planned with previews, fetched from behind a URL."""
    out, drop, processed = tmp_path / "clean", tmp_path / "drop", tmp_path / "processed"
    drop.mkdir()
    for name, text in {"a.png": "DOE here", "b.png": "hold", "c.png": "refuse", "d.png": "crash"}.items():
        (drop / name).write_text(text)
    before = os.umask(0)
    try:
        watch_once(drop, out, processed)
        (out / "holiday.jpg").write_text("sea")
        (drop / "e.dcm").write_text("patient DOE\n")
        watch_once(drop, out, processed)
        with Reviewed(out, work=PAPER) as reviewed:
            (waiting,) = reviewed.waiting()
            reviewed.confirm(waiting, Decision("AB", "2026-01-01T00:00:00Z", rejected=True))
            reviewed.carry_out(waiting)
        list(run_with([processed], tmp_path / "part", Policy(), Options(work=PAPER, jobs=1, shard=Shard(1, 1))))
        merge([tmp_path / "part"], tmp_path / "all")
        memory = fsspec.filesystem("memory")
        memory.pipe_file("/case/f.png", b"picture")
        list(run_with([Path("memory://case")], Path("memory://clean"), Policy(), Options(work=PAPER, jobs=1)))
        (tmp_path / "pictures").mkdir()
        (tmp_path / "pictures" / "x.png").write_bytes(png(screen([], rows=60, columns=80)))
        options = Options(work=BLIND, jobs=1, dry_run=True, preview=tmp_path / "preview")
        list(run_with([tmp_path / "pictures"], Path(), Policy(), options))
    finally:
        os.umask(before)
        MemoryFileSystem.store.clear()
    assert {path.name for path in (tmp_path / "clean-held").iterdir()} >= {
        "withdrawn",
        "unexplained",
        "decisions.jsonl",
        "state.db",
    }
    published = (local(Path("memory://clean")), *local(Path("memory://clean")).rglob("*"))
    held = [tmp_path / name for name in ("clean-held", "part-held", "all-held", "preview")]
    for place in (*held, state_folder()):
        for path in (place, *place.rglob("*")):
            if path not in published:
                assert path.stat().st_mode & 0o077 == 0, path.relative_to(tmp_path.parent)


def watch_once(drop, out, processed):
    times = Times(settle=0.1, settle_growing=0.1, look=0.05)
    options = WatchOptions(once=True, times=times, processed=processed, batch=Options(work=PAPER, jobs=1))
    list(watch(drop, out, Policy(), options))


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
