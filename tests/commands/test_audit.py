from __future__ import annotations

import json
import sys
from pathlib import Path

import pytest
from rich.console import Console

from asym_lit.cli import main
from asym_lit.commands.audit.command import AuditSettings, audit_command, missed_limits, run_audit
from asym_lit.commands.audit.rows import Columns, read_answers
from asym_lit.evaluation.audit import scores_by
from asym_lit.types import InputError
from asym_lit.verifiers import CodeTests, Function, Maths, Rule, Symbolic

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


def test_columns_that_a_verifier_needs_besides_are_given_to_it(tmp_path, capsys):
    file, needs = tmp_path / "rows.jsonl", {"category": "kind", "rule_id": "rule_id", "idx": "number"}
    row = {"gold": "[[16]]", "kind": "operation", "rule_id": "9", "number": "82"}
    rows = [{**row, "candidate": "[[16]]", "label": True}, {**row, "candidate": "[[17]] [[16]]", "label": False}]
    file.write_text("\n".join(map(json.dumps, rows)))
    told = [f"--facts.{name}={column}" for name, column in needs.items()]
    words = ["audit", "--verifier", "KorBenchRule", "--file", str(file), "--boxed", "false", *told]
    main([*words, "--category", "kind", "--output", str(tmp_path / "out"), "--min_recall", "1", "--max_false_accepts", "0"])
    assert json.loads((tmp_path / "out" / "audit.json").read_text())["by_category"]["operation"]["recall"] == 1
    assert "100.0%" in capsys.readouterr().out
    with pytest.raises(InputError, match=r"Row 0 of .* has no column 'numbr'; there are: gold, kind, rule_id, number"):
        read_answers(file, Columns(facts={"idx": "numbr"}))


def test_programs_are_audited_as_answers_are(tmp_path):
    verifier = CodeTests(workers=1, seconds=2.0, bare=True)
    try:
        verifier.open()
    except InputError as fault:
        pytest.skip(f"no sandbox here: {fault}")
    columns = {"gold": "samples", "candidate": "code", "label": "official_graded", "category": "model"}
    file = DATA.parent / "code" / "data" / "graded.jsonl"
    found = run_audit(AuditSettings(verifier, file, boxed=False, output=tmp_path, **columns), Console(quiet=True))
    assert (found.score.right, found.score.wrong, found.score.recall, found.score.false_accepts) == (2, 1, 1.0, 0.0)
    rows = [json.loads(line) for line in (tmp_path / "verdicts.jsonl").read_text().splitlines()]
    assert [row["by"] for row in rows] == ["code_tests"] * 3 and json.loads(rows[0]["gold"]).keys() == {"inputs", "outputs"}


def test_the_command_prints_the_rates_and_writes_the_page(tmp_path, capsys):
    file = tmp_path / "rows.jsonl"
    rows = [{"gold": "1/2", "candidate": "0.5", "label": 1}, {"gold": "2", "candidate": "3", "label": "incorrect"}]
    file.write_text("\n".join(map(json.dumps, rows)))
    main(["audit", "--verifier", "asym_lit.verifiers.Rule", "--file", str(file), "--output", str(tmp_path / "out")])
    assert "100.0%" in capsys.readouterr().out
    assert "Wrong, but accepted: none" in (tmp_path / "out" / "audit.html").read_text()


def test_a_category_with_markup_or_escape_codes_is_shown_and_does_nothing(tmp_path, capsys):
    file = tmp_path / "rows.jsonl"
    row = {"gold": "\x1b[2J1/2", "candidate": "\x1b[2J3", "label": 1, "category": "[/b]\x1b[2Jx", "question": "<b>\x00"}
    file.write_text(json.dumps(row))
    main(["audit", "--verifier", "asym_lit.verifiers.Rule", "--file", str(file), "--output", str(tmp_path / "out")])
    printed, page = capsys.readouterr().out, (tmp_path / "out" / "audit.html").read_text()
    assert r"[/b]\x1b[2Jx" in printed.replace("\n", "")
    assert "\x1b" not in printed + page
    assert "\x00" not in page
    assert r"[/b]\x1b[2Jx" in page


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "has no rows"),
        ("{", "is no JSON"),
        ('{"gold": "1", "label": 1}', "has no column 'candidate'; there are: gold, label"),
        ('{"gold": "1", "candidate": "1", "label": "maybe"}', "the label 'maybe'; allowed: true, 1, correct"),
    ],
)
def test_a_file_that_is_not_labelled_answers_is_refused(tmp_path, text, words):
    file = tmp_path / "rows.jsonl"
    file.write_text(text)
    with pytest.raises(ValueError, match=words):
        read_answers(file, Columns())


def audited(tmp_path: Path, rows: list[dict[str, object]], *words: str) -> dict[str, object]:
    file = tmp_path / "rows.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    out = tmp_path / "out"
    main(["audit", "--verifier", "asym_lit.verifiers.Rule", "--file", str(file), "--output", str(out), *words])
    return json.loads((out / "audit.json").read_text())


ONE_OF_EACH = [{"gold": "12", "candidate": "12", "label": 1}, {"gold": "12", "candidate": "13", "label": 0}]
"""Recall 1, false accepts 0."""


def test_limits_that_hold_pass_and_limits_that_are_missed_end_with_status_1(tmp_path):
    assert audited(tmp_path, ONE_OF_EACH, "--max_false_accepts", "0", "--min_recall", "1")["recall"] == 1.0
    mislabelled = [*ONE_OF_EACH, {"gold": "12", "candidate": "14", "label": 1}]  # recall 1/2
    with pytest.raises(SystemExit, match=r"50.0% of right answers accepted, least: 0.9") as ended:
        audited(tmp_path, mislabelled, "--min_recall", "0.9")
    assert ended.value.code not in (0, None)
    with pytest.raises(SystemExit, match=r"of wrong answers accepted, allowed: 0\.003"):
        audited(tmp_path, [{"gold": "1", "candidate": "1", "label": 0}], "--max_false_accepts", "0.003")
    with pytest.raises(SystemExit, match="of wrong answers accepted"):  # nothing was measured
        audited(tmp_path, ONE_OF_EACH[:1], "--max_false_accepts", "0.003")


def test_candidates_with_a_box_are_judged_as_they_are_and_counted(tmp_path, capsys):
    rows = [{"gold": "12", "candidate": "so \\boxed{12}.", "label": 1}, *ONE_OF_EACH]
    assert audited(tmp_path, rows)["recall"] == 1.0
    assert "1 of 3 candidates hold a box already" in capsys.readouterr().out
    audited(tmp_path, ONE_OF_EACH)
    assert "hold a box" not in capsys.readouterr().out


def test_whole_responses_are_read_where_their_marker_points(tmp_path):
    rows = [{"gold": "12", "candidate": "First 13.\nThe answer is 12.", "label": 1}]
    assert audited(tmp_path, rows, "--boxed", "false")["recall"] == 1.0


def test_files_of_others_are_read_by_the_names_of_their_columns(tmp_path):
    from datasets import Dataset

    columns = Columns(question="q.text", gold="reward_model.ground_truth", candidate="answer", label="score")
    row = {"q": {"text": "1+1?"}, "reward_model": {"ground_truth": "2"}, "answer": "2", "score": 1.0}
    Dataset.from_list([row]).to_parquet(str(tmp_path / "rows.parquet"))
    (tmp_path / "rows.json").write_text(json.dumps([row]))
    (tmp_path / "rows.csv").write_text("q.text,reward_model.ground_truth,answer,score\n1+1?,2,2,yes\n")
    found = [read_answers(tmp_path / f"rows.{kind}", columns) for kind in ("parquet", "json", "csv")]
    assert found[0] == found[1] == found[2]
    assert (found[0][0].question, found[0][0].gold, found[0][0].candidate, found[0][0].right) == ("1+1?", "2", "2", True)


def anything(response: str) -> bool:
    return "\\boxed" in response


def test_a_function_is_put_through_the_same_attacks_and_the_same_report(tmp_path):
    settings = AuditSettings(
        Function(anything), tmp_path / "rows.jsonl", attacks=1, perturb=1, output=tmp_path / "out", min_recall=1.0
    )
    settings.file.write_text("\n".join(map(json.dumps, ONE_OF_EACH)))
    found = run_audit(settings, Console(quiet=True))
    kinds = {score.name: score for score in scores_by(found.judged, "category")}
    assert kinds["hostile"].false_accepts == 1.0 and 0 < (kinds["attack"].false_accepts or 0) < 1
    assert kinds["digits"].wrong == 1 and kinds["digits"].false_accepts == 1.0
    assert missed_limits(settings, found.score) == []
    assert "hostile" in (tmp_path / "out" / "audit.html").read_text()


def test_a_function_is_audited_by_its_place(tmp_path, capsys, monkeypatch):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", list(sys.path))
    (tmp_path / "mine.py").write_text("def same(response, gold): return gold in response")
    rows = [{"question": "1+1?", "gold": "2", "candidate": text, "label": text == "2"} for text in ("2", "3")]
    (tmp_path / "rows.jsonl").write_text("\n".join(map(json.dumps, rows)))
    audit_command(["--verifier", "mine.py:same", "--file", "rows.jsonl"])
    assert "shows the 0 disagreements" in capsys.readouterr().out


def test_limits_and_counts_out_of_bounds_are_refused(tmp_path):
    with pytest.raises(ValueError, match="max_false_accepts is 3; allowed: a share"):
        AuditSettings(Rule(), tmp_path, max_false_accepts=3)
    with pytest.raises(ValueError, match="attacks is -1"):
        AuditSettings(Rule(), tmp_path, attacks=-1)
