"""What people, programs and networks do to a drop folder: nothing is lost, nothing done twice, nothing half published."""

import os
import shutil
import signal
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import pytest

from deid.audit import check
from deid.batch import Options
from deid.batch.workers import Workers
from deid.errors import FolderRefused, UsageError
from deid.keys import load_key
from deid.policy import Policy
from deid.watch import Times, WatchOptions, systemd_unit, watch
from tests.engines.paper_line import PAPER

QUICK = Times(settle=0.4, settle_growing=0.4, patience=120.0, retry=0.3, retry_most=1.0, look=0.1)
# Where a test itself pauses between two writes: the machine may be busy and the pause longer than was asked for.
CALM = Times(settle=4.0, settle_growing=4.0, patience=120.0, look=0.1)


@pytest.fixture
def drop(tmp_path):
    place = tmp_path / "drop"
    place.mkdir()
    return place


@pytest.fixture
def out(tmp_path):
    return tmp_path / "clean"


class Running:
    """A watcher in a thread of its own."""

    def __init__(self, drop, out, times=QUICK, **options):
        self.outcomes = []
        self.notices = []
        self.error = None
        self._stop = threading.Event()
        batch = Options(work=PAPER, jobs=1)
        self._options = WatchOptions(stop=self._stop, times=times, notice=self.notices.append, batch=batch, **options)
        self._thread = threading.Thread(target=self._run, args=(drop, out))

    def __enter__(self):
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._stop.set()
        self._thread.join(120)
        if self.error is not None:
            raise self.error

    def _run(self, drop, out):
        try:
            for outcome in watch(drop, out, Policy(), self._options):
                self.outcomes.append(outcome)
        except BaseException as error:
            self.error = error

    def wait_for(self, count, seconds=120.0):
        self.wait_until(lambda: len(self.outcomes) >= count, seconds)

    def wait_until(self, condition, seconds=120.0):
        deadline = time.monotonic() + seconds
        while not condition():
            assert self._thread.is_alive(), self.error
            assert time.monotonic() < deadline
            time.sleep(0.02)

    def rest(self):
        time.sleep(1.5)


def once(drop, out, **options):
    batch = Options(work=PAPER, jobs=1)
    return list(watch(drop, out, Policy(), WatchOptions(once=True, times=QUICK, batch=batch, **options)))


def texts(out):
    return sorted(path.read_text() for path in out.rglob("*.txt"))


def sound(out):
    return check(out, load_key()).sound


def drop_in(path, text):
    """Put a file in whole, so that no pause of a busy machine shows half of it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = path.parent.with_name(f"{path.parent.name}-aside") / path.name
    aside.parent.mkdir(exist_ok=True)
    aside.write_text(text)
    aside.rename(path)


def make_case(folder, files=40):
    for number in range(files):
        path = folder / f"s{number % 4}" / f"{number}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"picture {number}")


def pictures(files=40):
    return sorted(f"picture {number}" for number in range(files))


def test_files_that_are_there_at_the_start(drop, out):
    make_case(drop / "case")
    outcomes = once(drop, out)
    assert len(outcomes) == 40
    assert texts(out) == pictures()
    assert sound(out)


def test_a_file_that_is_written_slowly(drop, out):
    with Running(drop, out, CALM) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        for part in range(8):
            with (drop / "a.png").open("a") as file:
                file.write(f"part {part}\n")
            time.sleep(0.15)
        watcher.wait_for(1)
        watcher.rest()
    assert texts(out) == ["".join(f"part {part}\n" for part in range(8))]
    assert check(out).records == 1


def test_a_browser_writes_under_another_name_and_renames(drop, out):
    with Running(drop, out) as watcher:
        (drop / "a.png.crdownload").write_text("hal")
        watcher.rest()
        assert watcher.outcomes == []
        (drop / "a.png.crdownload").write_text("half and the rest")
        (drop / "a.png.crdownload").rename(drop / "a.png")
        watcher.wait_for(1)
    assert texts(out) == ["half and the rest"]


@pytest.mark.parametrize("way", ["moved", "copied", "unzipped", "nested"])
def test_a_whole_folder_at_once(drop, out, tmp_path, way):
    source = tmp_path / "elsewhere" / "case"
    make_case(source)
    with Running(drop, out, QUICK if way == "moved" else CALM) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        if way == "moved":
            source.rename(drop / "case")
        elif way == "copied":
            shutil.copytree(source, drop / "case")
        elif way == "unzipped":
            archive = shutil.make_archive(str(tmp_path / "case"), "zip", source)
            zipfile.ZipFile(archive).extractall(drop)
        else:
            for number in range(40):
                (drop / f"a{number}" / "b" / "c").mkdir(parents=True)
                (drop / f"a{number}" / "b" / "c" / "x.png").write_text(f"picture {number}")
        watcher.wait_for(40)
    assert texts(out) == pictures()
    assert check(out).records == 40


def test_a_network_share_without_events(drop, out, monkeypatch):
    monkeypatch.setitem(sys.modules, "watchfiles", None)
    with Running(drop, out) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        drop_in(drop / "a.png", "one")
        watcher.wait_for(1)
    assert texts(out) == ["one"]


def test_models_are_let_go_in_a_quiet_time_and_loaded_again(drop, out, monkeypatch):
    rests = []
    monkeypatch.setattr("deid.watch.watcher._REST", 0.3)
    monkeypatch.setattr("deid.batch.workers.Workers.close", lambda self, real=Workers.close: (rests.append(1), real(self)))
    with Running(drop, out) as watcher:
        drop_in(drop / "a.png", "one")
        watcher.wait_for(1)
        watcher.wait_until(lambda: rests)
        drop_in(drop / "b.png", "two")
        watcher.wait_for(2)
    assert texts(out) == ["one", "two"]


def test_a_restart_goes_on_and_does_nothing_twice(drop, out):
    make_case(drop, 6)
    once(drop, out)
    (drop / "new.png").write_text("new")
    outcomes = once(drop, out)
    assert [outcome.source.path.reveal() for outcome in outcomes] == [str(drop / "new.png")]
    assert check(out).records == 7


def test_a_watcher_that_was_killed_goes_on(drop, out):
    make_case(drop, 12)
    (drop / "slow.png").write_text("slow")
    for _ in range(4):
        process = watcher_process(drop, out)
        time.sleep(1.1)
        process.kill()
        process.communicate()
    once(drop, out)
    assert texts(out) == sorted([*pictures(12), "slow"])
    assert sound(out)
    assert check(out).clean == 13


PROGRAM = """
import sys
from pathlib import Path
from deid.batch import Options
from deid.batch.workers import Workers
from deid.policy import Policy
from deid.watch import Times, WatchOptions, watch
from tests.engines.paper_line import PAPER
times = Times(settle=0.3, settle_growing=0.3, look=0.1)
for outcome in watch(Path(sys.argv[1]), Path(sys.argv[2]), Policy(), WatchOptions(times=times, batch=Options(work=PAPER, jobs=1))):
    print(outcome.status.value, flush=True)
print("ended", flush=True)
"""


def watcher_process(drop, out):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    command = [sys.executable, "-c", PROGRAM, str(drop), str(out)]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=environment)


def test_stopping_finishes_what_is_in_hand(drop, out):
    for number in range(20):
        (drop / f"{number}.png").write_text(f"slow {number}")
    process = watcher_process(drop, out)
    first = process.stdout.readline()
    process.send_signal(signal.SIGTERM)
    rest = process.stdout.readlines()
    process.stdout.close()
    assert process.wait(20) == 0
    assert rest[-1] == "ended\n"
    assert len(texts(out)) == len([first, *rest[:-1]]) < 20
    assert sound(out)


def test_the_same_file_twice(drop, out):
    (drop / "a.png").write_text("same")
    (drop / "b.png").write_text("same")
    once(drop, out)
    assert texts(out) == ["same", "same"]
    assert sound(out)


def test_the_same_name_with_another_content(drop, out):
    (drop / "a.png").write_text("one")
    once(drop, out)
    (drop / "a.png").write_text("two!")
    once(drop, out)
    assert texts(out) == ["one", "two!"]
    assert sound(out)


def test_a_file_that_changes_while_it_is_in_hand(drop, out):
    (drop / "a.png").write_text("slow one")
    with Running(drop, out) as watcher:
        watcher.wait_until(lambda: (out.parent / "clean-held" / "drafts").exists() or watcher.outcomes)
        drop_in(drop / "a.png", "slow one and two")
        watcher.wait_until(lambda: "slow one and two" in texts(out))
    assert sound(out)


def test_a_file_that_goes_before_its_turn(drop, out):
    with Running(drop, out, CALM) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        drop_in(drop / "a.png", "one")
        time.sleep(0.5)
        (drop / "a.png").unlink()
        drop_in(drop / "b.png", "two")
        watcher.wait_for(1)
        watcher.rest()
    assert texts(out) == ["two"]
    assert check(out).records == 1


def test_a_file_that_may_not_be_read_for_a_while(drop, out):
    (drop / "a.png").write_text("one")
    denied = drop.parent / "denied"
    denied.touch()
    with Running(drop, out) as watcher:
        watcher.wait_for(3)
        denied.unlink()
        watcher.wait_until(lambda: texts(out) == ["one"])
    assert [outcome.reasons[0].code for outcome in watcher.outcomes[:-1]] == ["permission"] * (len(watcher.outcomes) - 1)
    assert check(out).records == 2


def test_a_broken_file_is_listed_stays_and_may_be_repaired(drop, out, tmp_path):
    (drop / "a.png").write_text("refuse")
    (outcome,) = once(drop, out, processed=tmp_path / "processed")
    assert outcome.reasons[0].code == "broken"
    assert (drop / "a.png").exists()
    assert "a.png" in (tmp_path / "clean-held" / "ledger.jsonl").read_text()
    (drop / "a.png").write_text("good")
    once(drop, out, processed=tmp_path / "processed")
    assert texts(out) == ["good"]
    assert (tmp_path / "processed" / "a.png").read_text() == "good"


def test_links_and_pipes_are_recorded_and_not_followed(drop, out, tmp_path):
    (tmp_path / "secret.txt").write_text("DOE")
    (drop / "link.png").symlink_to(tmp_path / "secret.txt")
    os.mkfifo(drop / "pipe.png")
    codes = sorted(outcome.reasons[0].code for outcome in once(drop, out))
    assert codes == ["link", "not-a-file"]
    assert texts(out) == []


def test_finished_sources_are_moved_and_nothing_is_overwritten(drop, out, tmp_path):
    processed = tmp_path / "processed"
    make_case(drop / "case", 8)
    (drop / "held.png").write_text("hold")
    once(drop, out, processed=processed)
    assert sorted(path.read_text() for path in processed.rglob("*.png")) == sorted([*pictures(8), "hold"])
    assert not list(drop.rglob("*.png"))
    (drop / "held.png").write_text("another one")
    once(drop, out, processed=processed)
    assert (processed / "held.png").read_text() == "hold"
    assert (processed / "held (2).png").read_text() == "another one"
    assert sound(out)


def test_a_file_that_was_processed_and_is_put_in_again_is_not_done_again(drop, out, tmp_path):
    (drop / "a.png").write_text("one")
    once(drop, out, processed=tmp_path / "processed")
    (drop / "again.png").write_text("one")
    once(drop, out, processed=tmp_path / "processed")
    assert texts(out) == ["one"]
    assert check(out).records == 1
    assert not list(drop.iterdir())


def test_a_later_file_that_names_the_patient_reopens_what_was_released(drop, out, tmp_path):
    (drop / "photo.png").write_text("DOE on a wristband")
    once(drop, out, processed=tmp_path / "processed")
    assert texts(out) == ["DOE on a wristband"]
    (drop / "object.dcm").write_text("patient DOE\n")
    once(drop, out, processed=tmp_path / "processed")
    assert "*** on a wristband" in texts(out)
    assert sound(out)


def test_two_watchers_on_one_drop_folder(drop, out, tmp_path):
    with Running(drop, out) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        with pytest.raises(FolderRefused, match="Another watcher"):
            once(drop, tmp_path / "other")


def test_two_watchers_on_one_clean_folder(drop, out, tmp_path):
    (tmp_path / "drop2").mkdir()
    with Running(drop, out) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        with pytest.raises(FolderRefused, match="Another run"):
            once(tmp_path / "drop2", out)


@pytest.mark.parametrize(("place", "processed"), [("drop/clean", "p"), ("", "p"), ("clean", "drop/done"), ("clean", "clean/done")])
def test_folders_inside_each_other_are_refused(drop, tmp_path, place, processed):
    with pytest.raises(FolderRefused):
        once(drop, tmp_path / place, processed=tmp_path / processed)


def test_a_drop_folder_that_does_not_exist_is_wrong_usage(drop, out):
    with pytest.raises(UsageError):
        once(drop / "nothing", out)


def test_a_share_that_goes_away_and_comes_back(drop, out):
    (drop / "a.png").write_text("one")
    with Running(drop, out) as watcher:
        watcher.wait_for(1)
        drop.rename(drop.with_name("gone"))
        watcher.wait_until(lambda: watcher.notices)
        drop.with_name("gone").rename(drop)
        drop_in(drop / "b.png", "two")
        watcher.wait_for(2)
    assert texts(out) == ["one", "two"]
    assert check(out).records == 2


def test_a_disk_that_is_full_for_a_while(drop, out, monkeypatch):
    monkeypatch.setattr("deid.watch.watcher._TROUBLE", 0.5)
    full = threading.Event()
    real = os.write

    def write(handle, data):
        if full.is_set() and b'"schema":1' in data:
            raise OSError(28, "No space left on device")
        return real(handle, data)

    monkeypatch.setattr(os, "write", write)
    with Running(drop, out) as watcher:
        drop_in(drop / "a.png", "one")
        watcher.wait_for(1)
        full.set()
        drop_in(drop / "b.png", "two")
        watcher.wait_until(lambda: watcher.notices)
        full.clear()
        watcher.wait_for(2)
    assert texts(out) == ["one", "two"]
    assert sound(out)


def test_the_clock_of_the_machine_jumps(drop, out, monkeypatch):
    real = time.time
    with Running(drop, out) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        drop_in(drop / "a.png", "slow one")
        monkeypatch.setattr(time, "time", lambda: real() + 86_400)
        os.utime(drop / "a.png", (real() + 86_400, real() + 86_400))
        watcher.wait_for(1)
        monkeypatch.setattr(time, "time", lambda: real() - 86_400)
        drop_in(drop / "b.png", "two")
        watcher.wait_for(2)
    assert texts(out) == ["slow one", "two"]


def test_a_crash_and_a_hang_do_not_stop_the_watcher(drop, out):
    (drop / "a.png").write_text("crash")
    with Running(drop, out) as watcher:
        watcher.wait_for(1)
        drop_in(drop / "b.png", "two")
        watcher.wait_for(2)
    assert texts(out) == ["two"]


@pytest.mark.slow
@pytest.mark.timeout(1200)
def test_a_burst_of_five_thousand_files(drop, out):
    with Running(drop, out) as watcher:
        watcher.wait_until(lambda: (out / "audit.jsonl").exists())
        for number in range(5000):
            drop_in(drop / f"{number}.png", f"picture {number}")
        watcher.wait_for(5000, seconds=1000)
        watcher.rest()
    assert texts(out) == pictures(5000)
    assert check(out).records == 5000


def test_the_systemd_unit_quotes_what_it_is_given(tmp_path):
    unit = systemd_unit(Path("/home/me/.local/bin/deid-toolkit"), tmp_path / 'a "b" 100% $x', tmp_path / "clean")
    (line,) = [line for line in unit.splitlines() if line.startswith("ExecStart=")]
    assert '"' + str(tmp_path) + '/a \\"b\\" 100%% $$x"' in line
    assert "@" not in unit
