"""The drop folder with a clock of the test's own: what is ready, and when."""

import itertools
import os

import pytest

from deid.watch.drop_folder import DropFolder, Times, is_unfinished

TIMES = Times(settle=3.0, settle_growing=10.0, patience=60.0, retry=5.0, retry_most=20.0)


@pytest.fixture
def drop(tmp_path):
    place = tmp_path / "drop"
    place.mkdir()
    return place


class Clocked:
    """Looks at the folder every half second of a clock that the test turns."""

    def __init__(self, drop):
        self.drop = drop
        self.folder = DropFolder(drop, TIMES)
        self.now = 0.0

    def run(self, seconds):
        taken = []
        for _ in range(int(seconds * 2)):
            self.now += 0.5
            self.folder.look(self.now)
            taken += [(found.path.relative_to(self.drop).as_posix(), self.now) for found in self.folder.take(self.now)]
        return taken

    def names(self, seconds):
        return [name for name, _ in self.run(seconds)]


def test_a_file_is_ready_when_it_has_stopped_changing(drop):
    (drop / "a.png").write_text("one")
    assert Clocked(drop).run(6) == [("a.png", 3.5)]


def test_a_file_is_taken_once(drop):
    (drop / "a.png").write_text("one")
    clocked = Clocked(drop)
    clocked.run(6)
    assert clocked.run(60) == []


@pytest.mark.parametrize("gap", [0.5, 1.0, 2.0, 2.5])
def test_a_slow_writer_that_closes_and_opens_the_file_again(drop, gap):
    clocked = Clocked(drop)
    for part in range(6):
        with (drop / "scan.png").open("a") as file:
            file.write(f"part {part}")
        assert clocked.run(gap) == []
    assert clocked.names(6) == ["scan.png"]


def test_a_multi_page_scan_may_pause_longer(drop):
    clocked = Clocked(drop)
    for page in range(4):
        with (drop / "scan.tif").open("a") as file:
            file.write(f"page {page}")
        assert clocked.run(6) == []
    assert clocked.names(12) == ["scan.tif"]


def test_a_file_that_changes_later_is_taken_again(drop):
    clocked = Clocked(drop)
    (drop / "a.png").write_text("one")
    assert clocked.names(6) == ["a.png"]
    (drop / "a.png").write_text("two!")
    assert clocked.names(6) == ["a.png"]


def test_a_file_that_is_replaced_by_one_of_the_same_size_and_time_is_taken_again(drop):
    clocked = Clocked(drop)
    (drop / "a.png").write_text("one")
    clocked.run(6)
    before = (drop / "a.png").stat()
    (drop / "new").write_text("two")
    os.utime(drop / "new", ns=(before.st_atime_ns, before.st_mtime_ns))
    (drop / "new").replace(drop / "a.png")
    assert clocked.names(6) == ["a.png"]


@pytest.mark.parametrize(
    "name", [".a.png.swp", "._a.png", "~$a.docx", "a.png.part", "a.crdownload", ".syncthing.a.tmp", "a.filepart", ".nfs01", "a~"]
)
def test_names_of_files_that_a_program_still_writes(drop, name):
    assert is_unfinished(name)
    (drop / name).write_text("half")
    clocked = Clocked(drop)
    assert clocked.run(20) == []
    (drop / name).rename(drop / "a.png")
    assert clocked.names(6) == ["a.png"]


@pytest.mark.parametrize("name", ["a.png", "IM000001", "party.jpg", "1.2.840.1.dcm", "temp.png"])
def test_names_of_finished_files(name):
    assert not is_unfinished(name)


def test_a_dropped_folder_waits_for_its_last_file(drop):
    clocked = Clocked(drop)
    (drop / "case").mkdir()
    for number in range(8):
        (drop / "case" / f"{number}.png").write_text("x")
        assert clocked.run(2) == []
    assert clocked.names(6) == [f"case/{number}.png" for number in range(8)]


def test_a_folder_that_never_rests_is_not_waited_for_for_ever(drop):
    clocked = Clocked(drop)
    (drop / "inbox").mkdir()
    taken = []
    for number in range(60):
        (drop / "inbox" / f"{number:02}.png").write_text("x")
        taken += clocked.names(2)
    assert taken[:3] == ["inbox/00.png", "inbox/01.png", "inbox/02.png"]
    assert len(taken) > 20


def test_a_busy_folder_does_not_hold_up_other_files(drop):
    clocked = Clocked(drop)
    (drop / "inbox").mkdir()
    (drop / "a.png").write_text("x")
    taken = []
    for number in range(4):
        (drop / "inbox" / f"{number}.png").write_text("x")
        taken += clocked.names(2)
    assert taken == ["a.png"]


def test_a_file_that_goes_before_its_turn_is_forgotten(drop):
    clocked = Clocked(drop)
    (drop / "a.png").write_text("one")
    clocked.run(1)
    (drop / "a.png").unlink()
    assert clocked.run(6) == []
    assert clocked.folder.waiting == 0


def test_what_could_not_be_read_is_tried_again_ever_more_rarely(drop):
    (drop / "a.png").write_text("one")
    clocked = Clocked(drop)
    times = []
    for _ in range(200):
        clocked.now += 0.5
        clocked.folder.look(clocked.now)
        for found in clocked.folder.take(clocked.now):
            times.append(clocked.now)
            clocked.folder.handled(found, clocked.now, again=True)
    assert [round(later - sooner) for sooner, later in itertools.pairwise(times)][:4] == [8, 13, 23, 23]
    assert clocked.folder.retrying == 1


def test_a_share_that_goes_away_is_not_an_empty_folder(drop):
    clocked = Clocked(drop)
    (drop / "a.png").write_text("one")
    clocked.run(6)
    drop.rename(drop.with_name("gone"))
    with pytest.raises(OSError, match="No such file"):
        clocked.run(1)
    drop.with_name("gone").rename(drop)
    assert clocked.run(6) == []


def test_links_and_pipes_are_seen_and_not_followed(drop):
    (drop / "link").symlink_to("/etc")
    os.mkfifo(drop / "pipe.png")
    assert Clocked(drop).names(12) == ["pipe.png", "link"]


def test_a_dropped_folder_is_the_root_of_its_files(drop):
    (drop / "case" / "series").mkdir(parents=True)
    (drop / "case" / "series" / "a.png").write_text("x")
    (drop / "b.png").write_text("x")
    folder = DropFolder(drop, TIMES)
    folder.look(0.0)
    labels = {found.path.name: found.label for found in folder.take(20.0)}
    assert labels == {"a.png": "case/series", "b.png": "drop"}
