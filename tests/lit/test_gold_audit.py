from __future__ import annotations

import json

import pytest
from torch import multiprocessing

from asym_lit.lit.gold_audit import audit_gold
from asym_lit.types import AuditingVerifier
from asym_lit.verifiers import Chain, Rule, Symbolic
from two_audits import one_of_two, prompts


def test_unreadable_gold_answers_are_listed_by_row_and_too_many_are_refused(tmp_path):
    rows = prompts("1", "\\frac{1}{2", "x+1", "(0, 1]")
    with pytest.warns(UserWarning, match="1 of 4 gold answers cannot be read by rule"):
        assert audit_gold(Rule(), rows, 0, 0.25, tmp_path) == 1 / 4
    (listed,) = [json.loads(line) for line in (tmp_path / "unreadable_gold.jsonl").read_text().splitlines()]
    assert listed == {"uid": "row1", "answer": "\\frac{1}{2", "reason": "braces that are not closed"}
    with pytest.raises(ValueError, match=r"\(25.0%.*Allowed: 24.0%"):
        audit_gold(Rule(), rows, 0, 0.24, tmp_path)


def test_readable_ones_leave_no_file(tmp_path):
    assert audit_gold(Rule(), prompts("1", "x"), 0, 0, tmp_path) == 0
    assert list(tmp_path.iterdir()) == []


def test_a_ladder_cannot_read_what_none_of_its_rungs_can():
    chain = Chain([Rule(), Symbolic(workers=1, seconds=2)])
    assert isinstance(chain, AuditingVerifier)
    found = chain.unreadable(prompts("7", "9^{9^{9^9}}", "\\frac{1}{2"))
    chain.close()
    assert set(found) <= {"row2"}  # a tower is read by the rules, letter by letter


def test_two_processes_share_the_work_and_come_to_the_same_end(tmp_path):
    multiprocessing.spawn(one_of_two, (tmp_path,), nprocs=2)
    saw = [json.loads((tmp_path / f"rank{rank}.json").read_text()) for rank in (0, 1)]
    assert saw == [{"asked": ["row0", "row2", "row4"], "share": 2 / 5}, {"asked": ["row1", "row3"], "share": 2 / 5}]
    listed = [json.loads(line) for line in (tmp_path / "rank0" / "unreadable_gold.jsonl").read_text().splitlines()]
    assert [row["uid"] for row in listed] == ["row1", "row2"]  # what both found, by row
    assert list((tmp_path / "rank1").iterdir()) == []
