from __future__ import annotations

import json
from pathlib import Path

import pytest
from rich.console import Console

from asym_lit.cli import main
from asym_lit.commands.audit.command import AuditSettings, read_answers, run_audit
from asym_lit.verifiers import Maths, Rule, Symbolic

DATA = Path(__file__).parents[1] / "verifiers" / "data"


def test_rows_of_hardverify_and_of_two_judgers_are_judged_as_labelled(tmp_path):
    verifier = Maths(symbolic=Symbolic(workers=1))
    settings = AuditSettings(
        verifier,
        DATA / "hardverify_rows.json",
        gold="ground_truth",
        right="fn_output",
        wrong="tn_output",
        output=tmp_path / "a",
    )
    found = run_audit(settings, Console(quiet=True))
    assert (found.score.recall, found.score.false_accepts, found.score.right) == (1.0, 0.0, 13)
    verifier = Maths(symbolic=Symbolic(workers=1, extraction="math_verify"))
    settings = AuditSettings(verifier, DATA / "equivalence_rows.jsonl", category="source", boxed=False, output=tmp_path / "b")
    assert [one.answer for one in run_audit(settings, Console(quiet=True)).judged if one.disagrees] == []
    verdicts = [json.loads(line) for line in (tmp_path / "b" / "verdicts.jsonl").read_text().splitlines()]
    assert verdicts[0]["outcome"] == "correct"
    assert json.loads((tmp_path / "a" / "audit.json").read_text())["recall"] == 1.0


def test_the_command_prints_the_rates_and_writes_the_page(tmp_path, capsys):
    file = tmp_path / "rows.jsonl"
    rows = [{"gold": "1/2", "candidate": "0.5", "label": 1}, {"gold": "2", "candidate": "3", "label": "incorrect"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    main(["audit", "--verifier", "asym_lit.verifiers.Rule", "--file", str(file), "--output", str(tmp_path / "out")])
    assert "100.0%" in capsys.readouterr().out
    assert "Wrong, but accepted: none" in (tmp_path / "out" / "audit.html").read_text()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ("{", "cannot be read"),
        ('{"gold": "1", "label": 1}', "has no column 'candidate'; there are: gold, label"),
        ('{"gold": "1", "candidate": "1", "label": "maybe"}', "the label 'maybe'; allowed: true, 1"),
    ],
)
def test_a_file_that_is_not_labelled_answers_is_refused(tmp_path, text, words):
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_answers(AuditSettings(Rule(), file))
