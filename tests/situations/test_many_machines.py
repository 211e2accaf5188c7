"""More machines: shards that know nothing of each other, and a Dask cluster of which one machine dies."""

import os
import time

import pytest

from deid.audit import check
from deid.batch import Options, Shard, merge, run_with
from deid.errors import AuditBroken, EnvironmentBroken, UsageError
from deid.keys import load_key
from deid.policy import Policy
from tests.engines.paper_line import PAPER


@pytest.fixture
def case(tmp_path):
    folder = tmp_path / "archive"
    for patient in range(12):
        for number in range(3):
            path = folder / f"patient{patient}" / f"series{number % 2}" / f"{number}.png"
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(f"patient P{patient}\nP{patient} {number}" if number == 0 else f"picture of P{patient} {number}")
    (folder / "loose.png").write_text("loose")
    return folder


def go(case, out, **options):
    return list(run_with([case], out, Policy(), Options(work=PAPER, jobs=1, **options)))


def outputs(out):
    return {path.relative_to(out).as_posix(): path.read_bytes() for path in out.rglob("*.txt")}


@pytest.fixture
def whole(case, tmp_path):
    go(case, tmp_path / "whole")
    return outputs(tmp_path / "whole")


def test_shards_together_are_the_whole_byte_for_byte(case, tmp_path, whole):
    shards = [tmp_path / f"shard{number}" for number in (1, 2, 3)]
    counts = [len(go(case, shard, shard=Shard(number, 3))) for number, shard in enumerate(shards, start=1)]
    assert sum(counts) == 37
    assert min(counts) > 0
    assert merge(shards, tmp_path / "all") == 37
    assert outputs(tmp_path / "all") == whole
    report = check(tmp_path / "all", load_key())
    assert report.sound
    assert report.clean == 37
    assert all(check(shard, load_key()).sound for shard in shards)


def test_a_merge_may_be_repeated_and_take_later_shards(case, tmp_path, whole):
    for number in (1, 2):
        go(case, tmp_path / f"shard{number}", shard=Shard(number, 2))
    first = merge([tmp_path / "shard1"], tmp_path / "all")
    both = [tmp_path / "shard1", tmp_path / "shard2"]
    assert merge(both, tmp_path / "all") == 37 - first
    (tmp_path / "all" / next(iter(whole))).unlink()
    assert merge(both, tmp_path / "all") == 0
    assert outputs(tmp_path / "all") == whole


def test_a_shard_that_was_tampered_with_is_not_merged(case, tmp_path):
    go(case, tmp_path / "shard1", shard=Shard(1, 1))
    next((tmp_path / "shard1").rglob("*.txt")).write_text("tampered")
    with pytest.raises(AuditBroken):
        merge([tmp_path / "shard1"], tmp_path / "all")


@pytest.mark.parametrize("text", ["0/3", "4/3", "3", "a/b", "1/0"])
def test_a_shard_that_does_not_exist_is_wrong_usage(text):
    with pytest.raises(UsageError):
        Shard.parse(text)


def test_a_shard_is_read_from_text():
    assert Shard.parse("3/64") == Shard(3, 64)


def test_a_scheduler_that_does_not_answer(case, tmp_path, monkeypatch):
    monkeypatch.setattr("deid.batch.cluster._ANSWER", 0.5)
    with pytest.raises(EnvironmentBroken):
        go(case, tmp_path / "clean", scheduler="tcp://127.0.0.1:1")


@pytest.mark.slow
@pytest.mark.filterwarnings("default")
def test_a_cluster_of_which_one_machine_dies(case, tmp_path, whole):
    from distributed import LocalCluster

    for number in range(40):
        (case / "patient0" / f"slow{number}.png").write_text(f"slow {number}")
    (case / "patient1" / "crash.png").write_text("crash")
    with LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        outcomes = run_with([case], tmp_path / "clean", Policy(), Options(work=PAPER, scheduler=cluster.scheduler_address))
        found = [next(outcomes)]
        victim = next(iter(cluster.workers.values()))
        os.kill(victim.pid, 9)
        time.sleep(0.1)
        found += list(outcomes)
    assert len({outcome.source.number for outcome in found}) == 78
    assert [outcome.reasons[0].code for outcome in found if outcome.reasons] == ["crash"]
    assert whole.items() < outputs(tmp_path / "clean").items()
    assert check(tmp_path / "clean", load_key()).sound
