import stat

import pytest

from deid.errors import EnvironmentBroken
from deid.keys import Key, load_key, state_folder

KEY = Key(bytes(range(32)))


def test_the_key_is_made_once_and_for_its_owner_alone(tmp_path):
    folder = tmp_path / "state"
    first = load_key(folder)
    assert load_key(folder) == first
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert stat.S_IMODE((folder / "key").stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == ["key"]


def test_two_folders_have_two_keys(tmp_path):
    assert load_key(tmp_path / "a") != load_key(tmp_path / "b")


def test_a_key_that_others_may_read_is_refused(tmp_path):
    load_key(tmp_path)
    (tmp_path / "key").chmod(0o644)
    with pytest.raises(EnvironmentBroken, match="read by others"):
        load_key(tmp_path)


@pytest.mark.parametrize("content", [b"", b"not base64 !", b"c2hvcnQ="])
def test_a_damaged_key_is_refused(tmp_path, content):
    load_key(tmp_path)
    (tmp_path / "key").write_bytes(content)
    with pytest.raises(EnvironmentBroken):
        load_key(tmp_path)


def test_the_secret_does_not_print():
    assert "secret" not in repr(KEY)
    assert KEY.secret.hex()[:12] not in repr(KEY)


def test_purposes_and_part_borders_are_kept_apart():
    assert KEY.mac("a", b"xy") != KEY.mac("b", b"xy")
    assert KEY.mac("a", b"x", b"y") != KEY.mac("a", b"xy")


def test_uids_are_valid_and_do_not_depend_on_padding():
    uid = KEY.uid("1.2.840.113619.2.1")
    assert uid == KEY.uid("1.2.840.113619.2.1\0")
    assert uid.startswith("2.25.") and len(uid) <= 64 and uid.split(".")[2].isdigit()
    assert uid != Key(bytes(32)).uid("1.2.840.113619.2.1")


def test_days_go_back_one_to_3650():
    days = {KEY.days(f"patient {number}") for number in range(500)}
    assert min(days) >= 1 and max(days) <= 3650 and len(days) > 400


def test_the_state_folder_is_where_the_environment_says(monkeypatch, tmp_path):
    monkeypatch.setenv("DEID_STATE", str(tmp_path / "x"))
    assert state_folder() == tmp_path / "x"
    monkeypatch.delenv("DEID_STATE")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    assert state_folder() == tmp_path / "deid"
