import re
from pathlib import Path

from deid.audit import AuditLog, RunFacts, record_from
from deid.keys import load_key
from deid.policy import Policy
from deid.types import Outcome, PhiText, Source, Status

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "audit-record.md"


def test_the_page_names_exactly_the_fields_of_a_record(tmp_path):
    import json

    log = AuditLog(tmp_path, load_key(), RunFacts(Policy(), "0.1.0"))
    first = log.append(record_from(Outcome(Source(1, PhiText("x")), Status.SKIPPED)))
    log.append(record_from(Outcome(Source(1, PhiText("x")), Status.SKIPPED)), supersedes=first)
    log.close()
    record = json.loads((tmp_path / "audit.jsonl").read_text().splitlines()[1])
    rows = [line.split("|")[1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    assert set(record) == set(re.findall(r"`(\w+)`", " ".join(rows)))
