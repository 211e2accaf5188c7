"""Whatever stage fails, and however loudly it names the patient: no outcome, no audit record, no log and no terminal says it."""

import json
import logging

import pytest

from deid.audit.record import record_from
from deid.keys import Key
from deid.pipeline import Job, load_tools, redact_file
from deid.policy import Policy
from deid.types import KnownValue, PhiText, Source, Status
from tests.pictures import png, screen

NAME, NUMBER = "QUIXOTEVALDEZ", "7719904412"
PLANTED = (NAME, NUMBER, NAME.title())
STAGES = (
    "deid.pipeline.formats.recognise",
    "deid.pipeline.find.find_text",
    "deid.pipeline.find.find_marks",
    "deid.phi.classifier.neighbours",
    "deid.phi.classifier.judge",
    "deid.phi.classifier.settle",
    "deid.phi.classifier.span_polygon",
    "deid.phi.classifier.column_findings",
    "deid.phi.classifier.room_findings",
    "deid.pipeline.phi.classify_header",
    "deid.pipeline.redaction.make_plan",
    "deid.pipeline.write_draft",
    "deid.pipeline.verify",
    "deid.pipeline.phi.collect",
    "deid.pipeline.kept_text",
)


@pytest.fixture(scope="module")
def tools():
    return load_tools(Policy(), Key(bytes(range(32))))


def _run(tools, tmp_path):
    path = tmp_path / f"case_{NAME}" / f"{NUMBER}.png"
    path.parent.mkdir()
    path.write_bytes(png(screen((f"{NAME}^ANNA", f"ID: {NUMBER}", "LAO 30"))))
    out = tmp_path / "clean"
    out.mkdir()
    known = (KnownValue("UserList", PhiText(NAME)),)
    return redact_file(Job(Source(1, PhiText(str(path))), known, "case", "g/abc", out, tmp_path / "clean-held"), tools), out


def _assert_silent(said):
    assert not [word for word in PLANTED if word in said]


@pytest.mark.parametrize("stage", STAGES)
def test_a_stage_that_fails_with_the_name_in_its_message(stage, tools, tmp_path, monkeypatch, caplog, capfd):
    def fail(*_args, **_options):
        raise ValueError(f"{NAME}^ANNA {NUMBER}")

    from deid.phi import classifier

    classifier._marks.cache_clear()
    caplog.set_level(logging.DEBUG)
    monkeypatch.setattr(stage, fail)
    outcome, out = _run(tools, tmp_path)
    assert outcome.status is Status.FAILED
    assert not list(out.rglob("*.*"))
    _assert_silent(f"{outcome!r} {outcome} {json.dumps(record_from(outcome))} {caplog.text} {''.join(capfd.readouterr())}")


def test_a_file_that_goes_through_says_nothing_either(tools, tmp_path, caplog, capfd):
    caplog.set_level(logging.DEBUG)
    outcome, out = _run(tools, tmp_path)
    assert outcome.status is Status.CLEAN, outcome.reasons
    assert outcome.plan.findings
    names = " ".join(str(path.relative_to(out)) for path in out.rglob("*"))
    _assert_silent(f"{outcome!r} {json.dumps(record_from(outcome))} {names} {caplog.text} {''.join(capfd.readouterr())}")
