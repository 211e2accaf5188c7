"""Sources and clean files in an object store: copied in, proven here, copied out, read back."""

import json
import os
import sys
from pathlib import Path

import fsspec
import pytest
from fsspec.implementations.local import LocalFileSystem
from fsspec.implementations.memory import MemoryFileSystem

from deid.audit import check
from deid.batch import Options, Shard, run_with, trace
from deid.batch.remote import safe_names
from deid.batch.urls import local, url_of
from deid.errors import AuditBroken, EnvironmentBroken, FolderRefused, UsageError
from deid.keys import load_key, state_folder
from deid.policy import Policy
from deid.types import PhiText
from tests.engines.paper_line import PAPER


class There(LocalFileSystem):
    """A store of files below one folder of the test."""

    protocol = "there"
    home = ""

    @classmethod
    def _strip_protocol(cls, path):
        path = os.fspath(path).removeprefix("there://")
        return super()._strip_protocol(path if path.startswith("/") else f"{cls.home}/{path}")


@pytest.fixture(params=["memory", "there"])
def store(request, tmp_path, monkeypatch):
    """The beginning of every URL of a store, and its file system."""
    fsspec.register_implementation("there", There, clobber=True)
    monkeypatch.setattr(There, "home", str(tmp_path / "there"))
    (tmp_path / "there").mkdir()
    system = fsspec.filesystem(request.param)
    yield request.param, system
    MemoryFileSystem.store.clear()
    MemoryFileSystem.pseudo_dirs[:] = [""]


def put(store, **texts):
    scheme, system = store
    for name, text in texts.items():
        path = f"{scheme}://bucket/case/{name.replace('__', '/')}"
        system.makedirs(path.rpartition("/")[0], exist_ok=True)
        system.pipe_file(path, text.encode())


def go(store, source="bucket/case", out="bucket/clean", **options):
    scheme, _ = store
    out = Path(f"{scheme}://{out}") if isinstance(out, str) else out
    return list(run_with([Path(f"{scheme}://{source}")], out, Policy(), Options(work=PAPER, jobs=1, **options)))


def listed(store, folder="bucket/clean"):
    scheme, system = store
    system.invalidate_cache()
    root = system._strip_protocol(f"{scheme}://{folder}")
    return {name[len(root) + 1 :]: system.cat_file(name) for name in system.find(root)} if system.exists(root) else {}


def outputs(store, folder="bucket/clean"):
    return {name: data for name, data in listed(store, folder).items() if name != "audit.jsonl"}


def here(store, out="bucket/clean"):
    return local(Path(f"{store[0]}://{out}"))


def test_in_and_out_are_the_same_byte_for_byte_as_with_folders(store, tmp_path):
    texts = {"a.png": "one", "s__b.png": "patient DOE\nDOE here", "s__c.png": "DOE on a photo", "bad.png": "refuse"}
    put(store, **texts)
    outcomes = go(store)
    for name, text in texts.items():
        path = tmp_path / "case" / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    list(run_with([tmp_path / "case"], tmp_path / "clean", Policy(), Options(work=PAPER, jobs=1)))
    assert outputs(store) == {
        path.relative_to(tmp_path / "clean").as_posix(): path.read_bytes() for path in (tmp_path / "clean").rglob("*.txt")
    }
    assert sorted(outcome.status.value for outcome in outcomes) == ["clean", "clean", "clean", "failed"]
    assert not any(b"DOE" in data for data in listed(store).values())
    log = listed(store)["audit.jsonl"]
    assert log == (here(store) / "audit.jsonl").read_bytes()
    assert check(here(store), load_key()).sound


def test_sources_are_told_by_their_url_and_no_copy_of_them_stays(store):
    put(store, **{"DOE.png": "one", "s__b.png": "refuse"})
    outcomes = go(store)
    url = f"{store[0]}://bucket/case"
    assert [outcome.source.path.reveal() for outcome in outcomes if outcome.reasons] == [f"{url}/s/b.png"]
    ledger = (here(store).with_name("clean-held") / "ledger.jsonl").read_text().splitlines()
    assert [json.loads(line)["input"] for line in ledger] == [f"{url}/DOE.png", f"{url}/s/b.png"]
    assert not [path for path in state_folder().rglob("*") if "DOE" in path.name or path.suffix == ".png"]
    for path in (state_folder(), *state_folder().rglob("*")):
        if (here(store) not in (path, *path.parents)) and path.name != "clean":
            assert path.stat().st_mode & 0o077 == 0, path


def test_a_second_run_does_only_what_is_new(store):
    put(store, **{"a.png": "one"})
    go(store)
    before = store[1].info(f"{store[0]}://bucket/clean/{next(iter(outputs(store)))}")
    put(store, **{"b.png": "two"})
    assert len(go(store)) == 2
    assert sorted(outputs(store).values()) == [b"one", b"two"]
    assert check(here(store)).records == 2
    assert store[1].info(before["name"]) == before


def test_what_is_withdrawn_goes_from_the_store_too(store):
    put(store, **{"a.png": "DOE\nhere"})
    go(store)
    assert b"DOE\nhere" in outputs(store).values()
    put(store, **{"b.dcm": "patient DOE\n"})
    go(store)
    assert sorted(outputs(store).values()) == [b"***\n", b"***\nhere"]
    store[1].rm_file(f"{store[0]}://bucket/case/a.png")
    put(store, **{"c.dcm": "patient here\n"})
    go(store)
    assert sorted(outputs(store).values()) == [b"***\n", b"****\n"]


def test_only_the_source_or_only_the_clean_folder_is_behind_a_url(store, tmp_path):
    put(store, **{"a.png": "one"})
    go(store, out=tmp_path / "clean")
    assert [path.read_text() for path in (tmp_path / "clean").rglob("*.txt")] == ["one"]
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "a.png").write_text("one")
    list(run_with([tmp_path / "case"], Path(f"{store[0]}://bucket/clean"), Policy(), Options(work=PAPER, jobs=1)))
    assert list(outputs(store).values()) == [b"one"]


def test_a_single_file(store):
    put(store, **{"a.png": "one", "b.png": "two"})
    assert len(go(store, source="bucket/case/a.png")) == 1
    assert list(outputs(store).values()) == [b"one"]


def test_shards_copy_in_only_what_is_theirs(store, tmp_path):
    put(store, **{f"p{number}__x.png": f"picture {number}" for number in range(9)})
    told = []
    for number in (1, 2, 3):
        go(store, out=tmp_path / f"part{number}", shard=Shard(number, 3), progress=told.append)
    assert sorted(path.read_text() for path in tmp_path.rglob("part*/*/*.txt")) == [f"picture {number}" for number in range(9)]
    assert len([step for step in told if step.phase == "fetch"]) == 9


def test_a_dry_run_publishes_nothing(store):
    put(store, **{"a.png": "one"})
    (outcome,) = go(store, out=Path(), dry_run=True)
    assert outcome.source.path.reveal().startswith(store[0])
    assert list(listed(store, "bucket")) == ["case/a.png"]


def test_a_run_that_is_cut_off_while_it_publishes_goes_on(store, monkeypatch):
    put(store, **{f"{number}.png": f"picture {number}" for number in range(5)})
    with monkeypatch.context() as patch:
        patch.setattr("deid.batch.publish._note", failing_after(2, patch))
        with pytest.raises(AuditBroken, match="OSError"):
            go(store)
    assert "audit.jsonl" not in listed(store)
    assert len(outputs(store)) == 3
    go(store)
    assert sorted(outputs(store).values()) == [f"picture {number}".encode() for number in range(5)]


def failing_after(count, patch):
    from deid.batch import publish

    real, calls = publish._note, []

    def note(*args):
        calls.append(args)
        if len(calls) > count:
            raise OSError("bucket/DOE is not there")
        real(*args)

    return note


def test_a_file_that_the_store_spoils_is_noticed(store, monkeypatch):
    put(store, **{"a.png": "one"})
    real = type(store[1]).open
    monkeypatch.setattr(
        type(store[1]),
        "open",
        lambda self, path, mode="rb", **more: real(
            self, path.replace("clean/", "clean/_") if mode == "rb" and "clean" in path else path, mode, **more
        ),
    )
    with pytest.raises(AuditBroken):
        go(store)


def test_a_folder_of_something_else_and_of_another_machine_is_refused(store, monkeypatch, tmp_path):
    put(store, **{"a.png": "one"})
    store[1].makedirs(f"{store[0]}://bucket/letters", exist_ok=True)
    store[1].pipe_file(f"{store[0]}://bucket/letters/dear.txt", b"dear")
    with pytest.raises(FolderRefused, match="something else"):
        go(store, out="bucket/letters")
    go(store)
    monkeypatch.setenv("DEID_STATE", str(tmp_path / "another machine"))
    with pytest.raises(FolderRefused, match="another run"):
        go(store)


def test_a_stranger_in_the_store_is_not_removed(store):
    put(store, **{"a.png": "one"})
    go(store)
    store[1].pipe_file(f"{store[0]}://bucket/clean/holiday.jpg", b"sea")
    with pytest.raises(FolderRefused, match="something else"):
        go(store)
    assert listed(store)["holiday.jpg"] == b"sea"


def test_folders_inside_each_other_are_refused(store):
    put(store, **{"a.png": "one"})
    for out in ("bucket/case", "bucket/case/clean", "bucket"):
        with pytest.raises(FolderRefused, match="inside each other"):
            go(store, out=out)


def test_wrong_urls_are_told_without_names(store):
    with pytest.raises(UsageError, match="behind a URL") as raised:
        go(store, source="bucket/nothing for DOE")
    assert "DOE" not in str(raised.value)
    with pytest.raises(UsageError, match="not a kind of URL"):
        list(run_with([Path("zork://bucket")], Path("out"), Policy(), Options(work=PAPER)))


def test_a_missing_package_is_named(monkeypatch, tmp_path):
    with pytest.raises(EnvironmentBroken, match="s3fs"):
        list(run_with([Path("s3://bucket")], tmp_path / "out", Policy(), Options(work=PAPER)))
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    with pytest.raises(EnvironmentBroken, match="remote"):
        list(run_with([Path("s3://bucket")], tmp_path / "out", Policy(), Options(work=PAPER)))


def test_names_that_lead_out_of_the_folder_stay_in_it():
    names = ("../../escape.png", "./here.png", "a", "a/b.png", "long" * 80 + ".png", "a//c.png", "/etc/x")
    safe = safe_names({name: name for name in names})
    assert len(set(safe.values())) == len(names)
    for parts in safe.values():
        assert not {"", ".", ".."} & set(parts)
        assert all(len(part) < 256 and "/" not in part for part in parts)
    assert safe["a/b.png"] == ("a", "b.png")
    assert safe["a"] != ("a",)


@pytest.mark.parametrize(
    ("written", "url"),
    [
        ("s3://bucket/case/", "s3://bucket/case"),
        ("/data/case", ""),
        ("case", ""),
        ("C:/case", ""),
        ("MEMORY://x", "memory://x"),
        ("sftp://host:22/a b/ü", "sftp://host:22/a b/ü"),
    ],
)
def test_urls_are_told_from_paths(written, url):
    assert url_of(Path(written)) == url


def test_a_file_url_is_a_path(tmp_path):
    (tmp_path / "case").mkdir()
    (tmp_path / "case" / "a.png").write_text("one")
    list(run_with([Path(f"file://{tmp_path}/case")], Path(f"file://{tmp_path}/clean"), Policy(), Options(work=PAPER, jobs=1)))
    assert [path.read_text() for path in (tmp_path / "clean").rglob("*.txt")] == ["one"]


def test_a_takedown_from_a_store(store):
    put(store, **{"a.dcm": "patient DOE\n"})
    go(store)
    found = trace(Path(f"{store[0]}://bucket/clean"), patients=[PhiText("DOE")])
    assert len(found.released) == 1
