from __future__ import annotations

import json
import shutil

import pytest

from asym_lit.run_folder.code_state import git_state, versions
from asym_lit.run_folder.ledger import read_ledger
from runs import ROOT


def test_a_run_leaves_a_ledger_and_a_record_and_a_resumed_run_goes_on_in_them(fit, tmp_path):
    """A run of four steps; and a copy of it that lost its last checkpoint, as if killed after the last evaluation."""
    words = ["--config", str(ROOT / "tests/lit/all_callbacks.yaml"), "--trainer.num_sanity_val_steps", "1"]
    whole = fit("grpo", *words, folder=tmp_path / "whole")
    parts = tmp_path / "parts" / "run" / "version_0"
    shutil.copytree(whole, parts)
    shutil.rmtree(parts / "checkpoints" / "step_000004")
    fit("grpo", *words, "--ckpt_path", str(parts), folder=tmp_path / "parts")

    records = read_ledger(whole / "ledger.parquet")
    assert {record.step for record in records} == {0, 2, 4}
    assert {record.evaluation for record in records} == {"countdown"}
    assert len(records) == 3 * 8
    assert all(record.samples == 4 for record in records)
    assert read_ledger(parts / "ledger.parquet") == records
    assert "step 0 to step 4" in (parts / "ledger.html").read_text()

    lines = [[json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()] for run in (whole, parts)]
    assert [line["step"] for line in lines[0]] == [0, 1, 2, 3]
    for name in ("policy/entropy", "candidates/rank_3", "tokens/generated", "reward/mean"):
        assert [line[name] for line in lines[0]] == [line[name] for line in lines[1]], name
    record = json.loads((whole / "run.json").read_text())
    assert (record["state"], record["seed"], record["verifier"]) == ("finished", 1, "countdown")
    assert record["versions"]["torch"]


def test_the_best_checkpoint_follows_the_area_and_early_stopping_is_lightnings(fit):
    stop = ["--trainer.callbacks+=lightning.pytorch.callbacks.EarlyStopping", "--trainer.callbacks.monitor"]
    stop += ["val/countdown/pass@k_area", "--trainer.callbacks.mode", "max", "--trainer.callbacks.patience", "1"]
    stop += ["--trainer.callbacks.min_delta", "2.0"]  # no evaluation is better by so much: it stops at the second
    best = ["--trainer.callbacks+=asym_lit.lit.callbacks.BestCheckpoint"]
    run = fit("grpo", "--data.rollout_steps", "8", "--trainer.num_sanity_val_steps", "1", *stop, *best)
    record = json.loads((run / "run.json").read_text())
    assert (record["state"], record["reached"]) == ("stopped early", 4)
    (kept,) = (run / "best").iterdir()
    assert (kept / "huggingface" / "model.safetensors").exists()


def test_a_metric_that_is_not_logged_is_named_with_those_that_are(fit):
    best = ["--trainer.callbacks+=asym_lit.lit.callbacks.BestCheckpoint", "--trainer.callbacks.monitor", "val/nothing"]
    with pytest.raises(SystemExit, match=r"'val/nothing'; validation logs: .*val/countdown/pass@1.* Write one of them"):
        fit("grpo", *best)


def test_versions_and_git_say_where_a_result_comes_from(tmp_path):
    assert {"python", "torch", "lightning", "device"} <= set(versions())
    assert git_state(tmp_path) is None


def test_a_run_may_take_its_base_from_another_one_and_is_compared_as_if_it_had_measured_it(fit, tmp_path):
    words = ["--config", str(ROOT / "tests/lit/all_callbacks.yaml"), "--data.rollout_steps", "2"]
    own = fit("grpo", *words, "--trainer.num_sanity_val_steps", "-1", folder=tmp_path / "own")
    taken = ["--trainer.callbacks+=asym_lit.lit.callbacks.Ledger", "--trainer.callbacks.base", str(own / "ledger.parquet")]
    borrower = fit("grpo", *words, "--trainer.num_sanity_val_steps", "0", *taken, folder=tmp_path / "borrower")
    assert read_ledger(borrower / "ledger.parquet") == read_ledger(own / "ledger.parquet")

    for wrong, said in (
        (
            ["--trainer.num_sanity_val_steps", "-1"],
            r"num_sanity_val_steps has this run measure another; write .*num_sanity_val_steps 0",
        ),
        (["--seed_everything", "2"], r"a run with seed 1, and this one has 2"),
        (["--data.evaluation.n", "2"], r"answered with .*\[\(4, 1.0.*this run asks other ones, or with \(2, 1.0"),
        (["--data.task.val_size", "4"], r"has 8 problems of 'countdown'"),
    ):
        with pytest.raises(SystemExit, match=said):
            fit("grpo", *words, "--trainer.num_sanity_val_steps", "0", *taken, *wrong)

    record = json.loads((own / "run.json").read_text())
    (own / "run.json").write_text(json.dumps({**record, "verifier": "lenient"}))
    with pytest.raises(
        SystemExit, match=r"a run with verifier 'lenient', and this one has 'countdown'.* or leave the base out"
    ):
        fit("grpo", *words, "--trainer.num_sanity_val_steps", "0", *taken)
