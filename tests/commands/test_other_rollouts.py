"""Rollouts of TRL, of verl and in plain rows: replayed by their texts, and counted."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet
import pytest
from rich.console import Console

from asym_lit.cli import main
from asym_lit.commands.other_rollouts import is_other, read_others
from asym_lit.commands.replay.replaying import run_replay
from asym_lit.commands.replay.settings import Replay
from asym_lit.types import InputError

PROMPTS = ["2,3,6=9:", "1,5,7=12:"]
RESPONSES = ["6/2*3", "6+3", "5+7", "1+5+7"]
RIGHT = [[1, 0, 0, 1], [0, 1, 1, 1]]


def rollouts() -> list[tuple[str, str, int]]:
    return [
        (prompt, said, right)
        for prompt, row in zip(PROMPTS, RIGHT, strict=True)
        for said, right in zip(RESPONSES, row, strict=True)
    ]


def trl_table(path: Path, **columns: Any) -> Path:
    """As TRL 1.16 writes it under `log_completions`, in its order of columns."""
    found = rollouts()
    table = {
        "step": [1] * len(found),
        "prompt": [prompt for prompt, _, _ in found],
        "completion": [said for _, said, _ in found],
        "accuracy_reward": [float(right) for _, _, right in found],
        "think_format_reward": [0.5] * len(found),
        "advantage": [0.0] * len(found),
        **columns,
    }
    pyarrow.parquet.write_table(pa.table({name: values for name, values in table.items() if values is not None}), path)
    return path


def lines(path: Path, rows: list[dict[str, Any]]) -> Path:
    path.write_text("\n".join(map(json.dumps, rows)))
    return path


def files(folder: Path) -> list[Path]:
    found = rollouts()
    verl = [{"input": p, "output": r, "gts": "", "score": float(right), "step": 3} for p, r, right in found]
    plain = [{"prompt": p, "completion": r, "reward": right} for p, r, right in found]
    return [trl_table(folder / "trl.parquet"), lines(folder / "verl.jsonl", verl), lines(folder / "plain.jsonl", plain)]


def test_all_forms_replay_alike_and_say_what_was_made_of_their_texts(tmp_path):
    found = []
    for path in files(tmp_path):
        result = run_replay(
            Replay(transcript=str(path), output=str(tmp_path / path.stem), presets=["grpo", "simko"]), Console(quiet=True)
        )
        assert any("tokens are those of this policy's tokenizer" in note for note in result.notes)
        found.append([row.gradient_norm for row in result.rows])
    assert found[0] == pytest.approx(found[1]) and found[0] == pytest.approx(found[2])
    assert min(found[0]) > 0


def test_all_forms_are_counted_alike(tmp_path):
    trl, verl, plain = files(tmp_path)
    main(["compare", f"trl={trl}", f"verl={verl}", f"plain={plain}", "--out", str(tmp_path / "out")])
    arms = json.loads((tmp_path / "out" / "comparison.json").read_text())["arms"]
    # 2 of 4 and 3 of 4 right: pass@1 is 5/8, whoever wrote the file.
    assert [arm["curve"]["mean"][0] for arm in arms] == [pytest.approx(5 / 8)] * 3


def test_the_reward_of_a_table_is_the_verifiers_else_accuracy_else_the_only_one(tmp_path):
    def rewards(**columns):
        return [one.reward for one in read_others(trl_table(tmp_path / "t.parquet", **columns))][:2]

    assert rewards() == [1.0, 0.0]
    assert rewards(accuracy_reward=None, think_format_reward=[0.25] * 8) == [0.25, 0.25]
    assert rewards(maths=[0.0] * 7 + [1.0], maths_reason=["why"] * 8) == [0.0, 0.0]
    with pytest.raises(InputError, match=r"t\.parquet, row 1, field reward: several may be: think_format_reward, short"):
        rewards(accuracy_reward=None, short=[1.0] * 8)
    named = lines(tmp_path / "named.jsonl", [{"example_id": 7, "prompt": "a", "completion": "b", "reward": 1}])
    assert read_others(named)[0].uid == "7"
    # NaN is TRL's word for a response without a reward.
    assert rewards(accuracy_reward=[math.nan] + [1.0] * 7) == [None, 1.0]


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"completion": None}, "row 2, field completion: it is not there"),
        ({"reward": "good"}, "row 2, field reward: it is 'good'"),
        ({"prompt": 3}, "row 2, field prompt: it is 3"),
    ],
)
def test_a_row_without_what_is_needed_is_named_with_its_field(tmp_path, change, words):
    row = {"prompt": "a", "completion": "b", "reward": 1}
    with pytest.raises(InputError, match=words):
        read_others(lines(tmp_path / "rows.jsonl", [row, row | change]))


def test_a_file_without_rewards_or_without_groups_is_refused_with_what_it_has(tmp_path):
    row = {"prompt": "6,5,14,5=20:", "completion": "14+6"}
    without = lines(tmp_path / "without.jsonl", [row])
    with pytest.raises(
        InputError, match=r"row 1, field reward \(or score, acc\): it is not there; the row has prompt, completion"
    ):
        read_others(without)
    single = lines(tmp_path / "single.jsonl", [row | {"reward": 1}])
    for path, words in ((single, "single.jsonl has 1 response to each prompt.*allowed: 2 or more"), (without, "field reward")):
        with pytest.raises(InputError, match=words):
            run_replay(Replay(transcript=str(path), output=str(tmp_path / "out")), Console(quiet=True))
    neither = lines(tmp_path / "neither.jsonl", [{"text": "abc"}])
    with pytest.raises(
        InputError, match=r"line 1: the field 'uid' is missing.*The row has text; .*prompt, completion and reward"
    ):
        run_replay(Replay(transcript=str(neither), output=str(tmp_path / "out")), Console(quiet=True))


def test_groups_of_other_sizes_and_rewards_that_are_no_verdicts_are_refused(tmp_path):
    rows = [{"prompt": p, "response": r, "reward": 1} for p, r in (("a", "1"), ("a", "2"), ("b", "1"), ("b", "2"), ("c", "1"))]
    path = lines(tmp_path / "rows.jsonl", rows)
    with pytest.raises(InputError, match="row 5: its prompt has 1 responses, others have 2"):
        run_replay(Replay(transcript=str(path), output=str(tmp_path / "out")), Console(quiet=True))
    shaped = lines(tmp_path / "shaped.jsonl", [row | {"reward": 0.3} for row in rows])
    with pytest.raises(SystemExit, match=r"row 1, reward: it is 0\.3; allowed: all 0 or 1"):
        main(["compare", str(shaped), str(path), "--out", str(tmp_path / "out")])


def test_a_transcript_of_ours_is_none_of_others(tmp_path):
    ours = {"slot": 0, "prompt": "a", "response": "b", "reward": 1}
    assert not is_other(lines(tmp_path / "ours.jsonl", [ours])) and not is_other(tmp_path / "none.jsonl")
    del ours["slot"]
    assert is_other(lines(tmp_path / "theirs.jsonl", [ours]))
