"""The cage of a worker, tried from inside."""

import socket
import subprocess
from pathlib import Path

import pytest

from deid.batch.sandbox import Cage, Sandbox, available
from deid.batch.workers import Limits, Setup, Workers
from deid.errors import EnvironmentBroken
from tests.engines import jobs


@pytest.fixture
def folders(tmp_path):
    for name in ("source", "write", "other"):
        (tmp_path / name / "sub").mkdir(parents=True)
        (tmp_path / name / "file").write_text("DOE")
    return tmp_path


def tries(folders, probes, **more):
    sandbox = Sandbox(read=(str(folders / "source"),), write=(str(folders / "write"),), **more)
    with Workers(1, Setup(jobs.load, (7,), jobs.describe, sandbox), Limits(120.0, 600)) as workers:
        found = dict(workers.run(jobs.work, iter([("probe", (name, str(folders))) for name in probes])))
        return {name: result for (_, (name, _)), result in found.items()}, workers.cage


def test_a_worker_reads_sources_writes_the_jobs_folders_and_nothing_else(folders):
    found, cage = tries(folders, jobs.PROBES)
    assert cage is available()
    confined = {
        "read source": "done",
        "list source": "done",
        "write and rename": "done",
        "import": "done",
        "decode": "done",
        "write source": "PermissionError",
        "remove source": "PermissionError",
        "read other": "PermissionError",
        "list other": "PermissionError",
        "write other": "PermissionError",
        "read home": "PermissionError",
        "socket": "PermissionError",
        "unix socket": "PermissionError",
        "program": "PermissionError",
        "shell": "PermissionError",
        "trace": "EPERM",
    }
    files = ("write", "remove", "read", "list")
    kept = {Cage.FULL: lambda name: True, Cage.CALLS: lambda name: not name.startswith(files), Cage.NONE: lambda name: False}
    assert found == {name: result if kept[cage](name) else "done" for name, result in confined.items()}


def test_the_parent_is_not_confined(folders):
    tries(folders, ["socket"])
    socket.socket().close()
    assert (folders / "other" / "file").read_text() == "DOE"
    assert subprocess.run(["true"], check=True).returncode == 0


def test_an_engine_that_is_a_program_keeps_the_network_cut(folders):
    found, cage = tries(folders, ["program", "socket"], programs=True)
    assert cage is min(Cage.CALLS, available(), key=[Cage.NONE, Cage.CALLS, Cage.FULL].index)
    assert found == {"program": "done", "socket": "PermissionError"}


def test_a_required_cage_that_cannot_be_had_ends_the_run(folders):
    with pytest.raises(EnvironmentBroken, match="full sandbox"):
        tries(folders, ["socket"], programs=True, required=True)


def test_a_kernel_without_any_cage_is_told(folders, monkeypatch):
    monkeypatch.setattr("deid.batch.sandbox.platform.machine", lambda: "riscv64")
    assert available() is Cage.NONE


def test_no_core_file_is_left(folders, monkeypatch):
    monkeypatch.chdir(folders)
    with Workers(1, Setup(jobs.load, (7,), jobs.describe), Limits(120.0, 600)) as workers:
        list(workers.run(jobs.work, iter([("signal", 11)])))
    assert not [path for path in Path().rglob("core*") if path.is_file()]
