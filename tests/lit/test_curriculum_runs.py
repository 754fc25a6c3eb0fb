"""Runs with a curriculum: neutral where it is uniform, the same on two ranks and after a kill, with dynamic sampling too."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import torch

from asym_lit.evaluation.ledger import ProblemRecord
from asym_lit.run_folder.ledger import read_ledger, write_ledger
from asym_lit.run_folder.paths import HISTORY
from asym_lit.run_folder.writing import read_table
from runs import points, run_alone, scalars, weights, words

SIGKILLED = -9
OVERLAY = ["--config", "tests/lit/curriculum.yaml"]
SIZES = ["--data.rollout_steps", "6", "--data.prompts_per_step", "6", "--data.task.train_size", "8"]


def arguments(folder: Path, recipe: str, *more: str) -> list[str]:
    return words(folder, recipe, *OVERLAY, *SIZES, *more)


def known(run: Path, step: int) -> dict:
    """What the checkpoint of a step knows of the problems."""
    checkpoint = torch.load(run / "checkpoints" / f"step_{step:06d}" / "lightning.ckpt", weights_only=True)
    found = [value for key, value in walked(checkpoint["loops"]) if key == "known"]
    assert len(found) == 1
    return found[0]


def walked(tree):
    for key, value in tree.items() if isinstance(tree, dict) else enumerate(tree) if isinstance(tree, list | tuple) else ():
        yield key, value
        yield from walked(value)


def same_end(one: Path, other: Path, step: int = 6) -> None:
    first, second = (weights(run / "checkpoints" / f"step_{step:06d}") for run in (one, other))
    assert first.keys() == second.keys()
    for name, value in first.items():
        assert torch.equal(value, second[name]), name


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Dynamic sampling, two passes over the rollouts of a step, a curriculum with unequal groups."""
    folder = tmp_path_factory.mktemp("uninterrupted")
    run_alone(*arguments(folder, "dapo", "--model.inner_epochs", "2", "--model.objective.max_draws", "3"))
    return folder / "run" / "version_0"


def test_the_curriculum_was_at_work(uninterrupted: Path) -> None:
    """Else the comparisons below would hold of anything."""
    assert max(scalars(uninterrupted, "curriculum/groups_per_problem").values()) > 1
    assert max(scalars(uninterrupted, "groups/drawn").values()) > 1  # replacements
    assert min(scalars(uninterrupted, "curriculum/effective_problems").values()) < 8
    assert known(uninterrupted, 6)["visits"].sum() > known(uninterrupted, 1)["visits"].sum() > 0


@pytest.mark.parametrize(
    ("killer", "number"),
    [("KillBeforeOptimizerStep", 6), ("KillInCheckpoint", 1), ("KillInCheckpoint", 4), ("KillInEvaluation", 1)],
)
def test_a_killed_run_resumes_to_the_same_weights_draws_and_knowledge(
    tmp_path: Path, uninterrupted: Path, killer: str, number: int
) -> None:
    common = ["--model.inner_epochs", "2", "--model.objective.max_draws", "3"]
    kill = ["--trainer.callbacks+", f"killers.{killer}", "--trainer.callbacks.number", str(number)]
    run_alone(*arguments(tmp_path, "dapo", *common, *kill), expect=SIGKILLED)
    run = tmp_path / "run" / "version_0"
    run_alone(*arguments(tmp_path, "dapo", *common, "--ckpt_path", str(run)))
    same_end(run, uninterrupted)
    assert points(run) == points(uninterrupted)
    assert read_ledger(run / "ledger.parquet") == read_ledger(uninterrupted / "ledger.parquet")
    assert read_table(run / HISTORY) == read_table(uninterrupted / HISTORY)
    mine, other = known(run, 6), known(uninterrupted, 6)
    assert mine.keys() == other.keys()
    assert all(torch.equal(mine[name], other[name]) for name in ("right", "wrong", "visits", "solved"))


def test_an_interrupted_step_is_unlearned_and_drawn_again(tmp_path: Path, uninterrupted: Path) -> None:
    common = ["--model.inner_epochs", "2", "--model.objective.max_draws", "3"]
    stop = ["--trainer.callbacks+", "killers.Interrupt", "--trainer.callbacks.number", "3"]
    run_alone(*arguments(tmp_path, "dapo", *common, *stop), expect=1)
    run = tmp_path / "run" / "version_0"
    run_alone(*arguments(tmp_path, "dapo", *common, "--ckpt_path", str(run)))
    same_end(run, uninterrupted)


def test_two_processes_draw_learn_and_train_like_one(tmp_path: Path) -> None:
    runs = {}
    for name, overlay in (("one", []), ("ddp", ["--config", "configs/overlays/ddp.yaml"])):
        redrawn = ["--data.rollout_steps", "4", "--model.objective.max_draws", "3"]
        run_alone(*arguments(tmp_path / name, "dapo", *overlay, *redrawn))
        runs[name] = tmp_path / name / "run" / "version_0"
    assert max(scalars(runs["one"], "curriculum/groups_per_problem").values()) > 1
    assert max(scalars(runs["one"], "groups/drawn").values()) > 1
    for tag in (*(f"curriculum/{n}" for n in ("retired", "never_solved", "mean_success", "effective_problems")), "reward/mean"):
        assert scalars(runs["ddp"], tag) == pytest.approx(scalars(runs["one"], tag), abs=1e-6), tag
    assert scalars(runs["ddp"], "update/grad_norm") == pytest.approx(scalars(runs["one"], "update/grad_norm"), abs=1e-5)
    for name in ("right", "wrong", "visits", "solved"):
        assert torch.equal(known(runs["one"], 4)[name], known(runs["ddp"], 4)[name]), name
    mine, other = (weights(runs[name] / "checkpoints" / "step_000004") for name in ("one", "ddp"))
    assert all(torch.allclose(value, other[name], rtol=0, atol=1e-5) for name, value in mine.items())


def test_a_uniform_curriculum_trains_to_the_weights_of_a_run_without_one(tmp_path: Path, fit) -> None:
    sizes = ["--data.rollout_steps", "3", "--data.task.train_size", "6", "--model.objective.max_draws", "2"]
    plain = fit("dapo", *sizes, folder=tmp_path / "plain")
    uniform = fit("dapo", *sizes, "--data.curriculum", "Uniform", folder=tmp_path / "uniform")
    same_end(plain, uniform, 3)
    without = {key: value for key, value in points(uniform).items() if not key[0].startswith("curriculum/")}
    renamed = {(tag.replace("train/drawn_pass@", "train/pass@"), step): value for (tag, step), value in without.items()}
    assert renamed == points(plain)


def test_training_pass_at_k_is_named_after_what_was_drawn(fit) -> None:
    run = fit("grpo", *OVERLAY, *SIZES, "--data.rollout_steps", "1")
    tags = {tag for tag, _ in points(run)}
    assert {"train/drawn_pass@1", "train/drawn_pass@4"} <= tags
    assert not {tag for tag in tags if tag.startswith("train/pass@")}


def test_the_history_has_a_row_for_each_problem_with_all_its_responses(fit) -> None:
    run = fit("grpo", *OVERLAY, *SIZES)
    rows = read_table(run / HISTORY)
    for step in range(6):
        samples = [row["samples"] for row in rows if row["step"] == step]
        assert sum(samples) == 24  # 6 slots of 4 responses
        assert {n % 4 for n in samples} == {0}
    assert max(row["samples"] for row in rows) > 4


def test_a_run_may_start_from_the_history_or_the_ledger_of_another(tmp_path: Path, fit) -> None:
    first = fit("grpo", *OVERLAY, *SIZES, folder=tmp_path / "first")
    start = ["--data.curriculum.start", str(first / HISTORY), "--data.rollout_steps", "1"]
    second = fit("grpo", *OVERLAY, *SIZES, *start, folder=tmp_path / "second")
    asked = {row["uid"] for row in read_table(first / HISTORY)}
    assert scalars(second, "curriculum/visited")[0] >= len(asked) / 8
    assert known(second, 1)["visits"].sum() > known(first, 6)["visits"].sum()
    ledger = tmp_path / "ledger.parquet"
    write_ledger(ledger, [ProblemRecord("train", step, uid, 8, step, 0, {}, ()) for uid in asked for step in (0, 8)])
    third = fit("grpo", *OVERLAY, *SIZES, *start, "--data.curriculum.start", str(ledger), folder=tmp_path / "third")
    assert known(third, 1)["visits"].sum() >= 2 * len(asked) + 1
    with pytest.raises(SystemExit, match="none of them is among the 8"):
        fit("grpo", *OVERLAY, *SIZES, "--data.curriculum.start", str(first / "ledger.parquet"), folder=tmp_path / "fourth")


def test_one_shot_training_with_a_curriculum_asks_its_one_problem(tmp_path: Path, fit) -> None:
    one = tmp_path / "one.yaml"
    task = {"class_path": "asym_lit.tasks.Countdown", "init_args": {"train_size": 8, "val_size": 8, "test_size": 8}}
    shot = {"class_path": "asym_lit.tasks.OneShot", "init_args": {"rule": "random", "task": task}}
    one.write_text(json.dumps({"data": {"init_args": {"task": shot}}}))
    run = fit("grpo", *OVERLAY, "--config", str(one), "--data.prompts_per_step", "6", "--data.rollout_steps", "3")
    rows = read_table(run / HISTORY)
    assert len({row["uid"] for row in rows}) == 1
    assert sum(row["samples"] for row in rows) == 3 * 6 * 4
    assert scalars(run, "curriculum/effective_problems") == {0: 1, 1: 1, 2: 1}


def test_a_curriculum_that_is_changed_on_resume_is_recorded(tmp_path: Path, fit) -> None:
    run = fit("grpo", *OVERLAY, *SIZES, "--data.rollout_steps", "1")
    fit("grpo", *OVERLAY, *SIZES, "--data.rollout_steps", "2", "--data.curriculum.forgetting", "0.5", "--ckpt_path", str(run))
    changed = json.loads((run / "run.json").read_text())["changed_on_resume"]
    assert list(changed) == ["data.curriculum"]
    assert known(run, 2)["visits"].sum() > known(run, 1)["visits"].sum()


@pytest.mark.parametrize(
    ("more", "words"),
    [
        (["--data.curriculum.most_groups", "8"], "most_groups is 8 with data.prompts_per_step 6"),
        (["--data.curriculum.retire_at", "0.99"], "retire_at is 0.99, and with sampling.n 4"),
        (["--data.curriculum.start", "nowhere.json"], "nowhere.json cannot be read"),
        (["--data.curriculum.forgetting", "2"], "forgetting is 2.0; allowed: 0"),
        (["--data.curriculum", "Learnabilty"], "Learnability"),
        (["--model.objective", "real"], "most_groups is 3, and GroupClassification"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_is_measured(fit, tmp_path: Path, capsys, more, words) -> None:
    with pytest.raises(SystemExit) as ended:
        fit("grpo", *OVERLAY, *SIZES, *more)
    assert words in str(ended.value) + capsys.readouterr().err
    assert not list(tmp_path.rglob("ledger.parquet"))
