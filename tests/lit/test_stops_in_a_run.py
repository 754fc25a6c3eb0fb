"""Stops in a run: its transcript, a resumed one, an evaluation of its own, and what is refused before the first batch."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

RUN = ["--config", str(Path(__file__).parent / "transcribed.yaml"), "--data.rollout_steps", "2"]
STOPS = ["--data.sampling.stop_strings", "['+', '*(']"]


def rows(folder: Path) -> list[dict]:
    return [json.loads(line) for path in sorted(folder.glob("rollouts/train_*")) for line in path.read_text().splitlines()]


def test_a_run_trains_on_the_token_that_ends_and_its_verifier_reads_what_stands_before(fit, tmp_path: Path) -> None:
    found = rows(fit("grpo", *RUN, *STOPS, folder=tmp_path))
    ended = [row for row in found if row["token_ids"][-1] != 1 and row["finish_reason"] == "stop"]
    assert ended and all(len(row["token_ids"]) > len(row["response"]) for row in ended)
    assert not any("+" in row["response"] or "*(" in row["response"] for row in found)
    assert all(len(row["logprobs"]) == len(row["token_ids"]) for row in found)


def test_a_resumed_run_with_stops_writes_the_same(fit, tmp_path: Path) -> None:
    whole = fit("grpo", *RUN, *STOPS, folder=tmp_path / "whole")
    fit("grpo", *RUN, *STOPS, "--data.rollout_steps", "1", folder=tmp_path / "parts")
    folder = tmp_path / "parts" / "run" / "version_0"
    fit("grpo", *RUN, *STOPS, "--ckpt_path", str(folder), folder=tmp_path / "parts")
    assert [r["token_ids"] for r in rows(whole)] == [r["token_ids"] for r in rows(folder)]


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--data.sampling.stop_strings", "['']"], r"stop_strings is \[''\]; allowed: a list of strings, none of them empty"),
        (["--data.sampling.stop_token_ids", "[99999]"], "data.sampling.stop_token_ids has 99999"),
        (["--data.evaluation.stop_strings", "['\u00e9']"], "data.evaluation.stop_strings has '\u00e9'"),
    ],
)
def test_stops_that_cannot_end_anything_are_refused_before_the_first_batch(fit, words: list[str], told: str) -> None:
    with pytest.raises(SystemExit, match=told):
        fit("grpo", *RUN, *words)
