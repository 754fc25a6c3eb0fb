from __future__ import annotations

import json

from asym_lit.reports.rollout_table import markdown_table
from asym_lit.run_folder.transcripts import transcript_row
from asym_lit.types import RolloutBatch, Sampling
from fakes import make_rollout


def test_a_record_is_plain_json_and_enough_to_train_on_again() -> None:
    rollout = make_rollout([6, 7], reward=None, text="so|so")
    row = json.loads(
        json.dumps(transcript_row(rollout, RolloutBatch([rollout], Sampling(n=1, temperature=0.7), 3, "fake"), 0.5))
    )
    assert row["token_ids"] == [6, 7]
    assert row["logprobs"] == [-0.5, -0.5]
    assert row["prompt_token_ids"] == [3, 4, 5]
    assert (row["outcome"], row["reward"], row["advantage"]) == ("undecided", None, 0.5)
    assert (row["step"], row["source"], row["temperature"]) == (3, "fake", 0.7)


def test_text_cannot_break_out_of_its_cell() -> None:
    rollout = make_rollout(text="a | b `c`\nd" + "x" * 400)
    table = markdown_table([transcript_row(rollout, RolloutBatch([rollout], Sampling(n=1), 0, "fake"))])
    lines = table.splitlines()
    assert len(lines) == 3
    assert "a \\| b 'c' d" in lines[2]
    assert "..." in lines[2] and len(lines[2]) < 500
