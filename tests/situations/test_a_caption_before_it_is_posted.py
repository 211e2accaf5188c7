import json
import subprocess
import sys

import deid


def _caption(*arguments, stdin=None):
    return subprocess.run(
        [sys.executable, "-m", "deid", "caption", *arguments], capture_output=True, text=True, input=stdin, check=False
    )


def test_what_gives_the_patient_away_is_flagged_and_a_wording_proposed():
    done = _caption("67M with SAH last night at St. Mary's")
    assert (done.returncode, done.stdout.strip()) == (8, "An older man with SAH at our centre")
    assert "last night" not in done.stderr and "St. Mary" not in done.stderr


def test_a_clean_caption_passes(tmp_path):
    file = tmp_path / "post.txt"
    file.write_text("Basilar tip aneurysm, LAO 30, coiled through a Y-stent.")
    assert _caption(str(file)).returncode == 0


def test_programs_get_offsets():
    report = json.loads(_caption("-", "--json", stdin="Seen yesterday").stdout)
    assert [(flag["start"], flag["end"], flag["category"]) for flag in report["flags"]] == [(5, 14, "date")]


def test_the_library_says_the_same():
    assert deid.check_caption("67M with SAH last night at St. Mary's").wording == "An older man with SAH at our centre"
