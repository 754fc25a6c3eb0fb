"""SynLogic's rows as tasks, from files of either form."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from asym_lit.tasks import SynLogic
from asym_lit.types import InputError, SelectiveTask, Task
from asym_lit.verifiers import SynLogicRules

FILE = Path(__file__).parents[1] / "puzzles" / "synlogic.jsonl"
ROWS = [json.loads(line) for line in FILE.read_text("utf-8").splitlines()]


def written(folder: Path, rows: list[object], name: str = "train.jsonl") -> str:
    path = folder / name
    path.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows), "utf-8")
    return str(path)


def as_on_the_hub(row: dict[str, object]) -> dict[str, object]:
    data = {name: row[name] for name in ("question", "answer", "metadata")} | {"difficulty": 1, "gpt_response": ""}
    chat = [{"role": "user", "content": f"Think in tags. {row['question']}"}]
    extra = {"game_data_str": json.dumps(data, ensure_ascii=False), "index": 0}
    return {"data_source": f"val/{row['task']}", "prompt": chat, "extra_info": extra}


def only_val(path: str, **more) -> SynLogic:
    return SynLogic(path, train=None, val="train", test="train", **more)


def test_all_metadata_reach_the_verifier_and_every_kind_is_read():
    task = only_val(str(FILE))
    assert isinstance(task, Task) and isinstance(task, SelectiveTask)
    prompts = task.prompts("val")
    assert len(prompts) == len(ROWS) and task.left_out("val") == []
    by_question = {row["question"].strip(): row for row in ROWS}
    verifier = SynLogicRules()
    for prompt in prompts:
        row = by_question[prompt.text]
        assert (prompt.answer["kind"], prompt.answer["metadata"]) == (row["task"], row["metadata"])
        verdicts = [verifier.verify(prompt, one["response"]).outcome == "correct" for one in row["candidates"]]
        assert verdicts == [one["official_verdict"] for one in row["candidates"]]


def test_rows_of_the_hubs_form_give_the_same_problems(tmp_path):
    hub = only_val(written(tmp_path, [as_on_the_hub(row) for row in ROWS]))
    plain = only_val(str(FILE))
    assert [(p.uid, p.text, p.answer) for p in hub.prompts("val")] == [(p.uid, p.text, p.answer) for p in plain.prompts("val")]
    chatty = only_val(hub.path, messages="prompt").prompts("val")[0]
    assert chatty.messages[0]["content"].startswith("Think in tags. ")


def test_kinds_are_chosen_and_splits_share_no_problem():
    some = only_val(str(FILE), kinds=["sudoku", "val/Campsite"])
    assert {prompt.answer["kind"] for prompt in some.prompts("val")} == {"sudoku", "campsite"}
    parts = SynLogic(str(FILE), train="all", val="all", test="all", held_out=0.3)
    uids = [{prompt.uid for prompt in parts.prompts(split)} for split in ("train", "val", "test")]
    assert sum(map(len, uids)) == len(set.union(*uids)) == len(ROWS) and all(uids)


def test_what_is_no_puzzle_is_left_out_with_its_reason(tmp_path):
    sudoku = next(row for row in ROWS if row["task"] == "sudoku")
    broken = {**sudoku, "question": "broken", "metadata": {**sudoku["metadata"], "complete_sudoku": [[1]]}}
    bad = {
        "the stored solution breaks its own rules: 1 rows, not 9": broken,
        "the stored solution breaks its own rules: row 1 of the kind": {
            **sudoku,
            "question": "none",
            "metadata": {"complete_sudoku": [[1]]},
        },
        "no rule for its kind: wordscapes": {**sudoku, "task": "wordscapes"},
        "no rule for its kind: none is named": {"question": "?", "answer": "1"},
        "no metadata: rules need the whole JSON of the row, not the answer alone": {
            "task": "sudoku",
            "question": "?",
            "answer": "1",
        },
        "its game data are no JSON": {"task": "sudoku", "game_data_str": "{"},
        "its game data are no object": {"task": "sudoku", "game_data_str": "[" * 900 + "]" * 900},
        "no question": {**sudoku, "question": None},
        "repeated: first in": sudoku,
    }
    task = only_val(written(tmp_path, [sudoku, *bad.values()]), max_left_out=0.9)
    assert len(task.prompts("val")) == 1
    reasons = [left.reason for left in task.left_out("val")]
    assert len(reasons) == len(bad)
    for begins, reason in zip(bad, reasons, strict=True):
        assert reason.startswith(begins.replace("row 1 of", f"{tmp_path}/train.jsonl, row 2 of")), (begins, reason)
    with pytest.raises(
        InputError, match=r"6 of 9 rows are no usable puzzle \(sudoku 6\); first: .* row 1: the stored solution"
    ):
        only_val(task.path).prompts("val")


def test_a_file_without_rows_and_an_unknown_kind_are_refused(tmp_path):
    with pytest.raises(InputError, match="holds no rows"):
        only_val(written(tmp_path, [])).prompts("val")
    with pytest.raises(InputError, match=r"kinds of synlogic names 'campsit'.*Did you mean 'campsite'\?"):
        SynLogic(kinds=["campsit"])
    with pytest.raises(InputError, match="has no train problems: its 'train' is null"):
        only_val(str(FILE)).prompts("train")
