"""Runs in which all that moves is there at once: a curriculum, a greedy baseline, entropy control, a clip and a temperature."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from runs import points, run_alone, scalars, weights, words

SIGKILLED = -9
RECIPE = ["--config", "tests/lit/curriculum.yaml", "--config", "tests/lit/everything_together.yaml"]
SIZES = ["--data.rollout_steps", "5", "--data.prompts_per_step", "6", "--data.task.train_size", "8"]


def arguments(folder: Path, *more: str) -> list[str]:
    return words(folder, "grpo", *RECIPE, *SIZES, *more)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("together")
    run_alone(*arguments(folder))
    return folder / "run" / "version_0"


def end(run: Path, step: int = 5) -> dict[str, torch.Tensor]:
    return weights(run / "checkpoints" / f"step_{step:06d}")


def test_all_of_it_was_at_work(uninterrupted: Path) -> None:
    """Else the comparisons below would hold of anything."""
    assert max(scalars(uninterrupted, "curriculum/groups_per_problem").values()) > 1
    assert len(set(scalars(uninterrupted, "entropy_control/applied").values())) > 2
    assert max(scalars(uninterrupted, "greedy/length").values()) > 0


@pytest.mark.parametrize(("killer", "number"), [("KillBeforeOptimizerStep", 10), ("KillInCheckpoint", 2)])
def test_a_killed_run_resumes_to_the_same_weights(tmp_path: Path, uninterrupted: Path, killer: str, number: int) -> None:
    kill = ["--trainer.callbacks+", f"killers.{killer}", "--trainer.callbacks.number", str(number)]
    run_alone(*arguments(tmp_path, *kill), expect=SIGKILLED)
    run = tmp_path / "run" / "version_0"
    run_alone(*arguments(tmp_path, "--ckpt_path", str(run)))
    mine, other = end(run), end(uninterrupted)
    assert all(torch.equal(mine[name], value) for name, value in other.items())
    assert points(run) == points(uninterrupted)


def test_two_processes_train_like_one(tmp_path: Path, uninterrupted: Path) -> None:
    run_alone(*arguments(tmp_path, "--config", "configs/overlays/ddp.yaml"))
    run = tmp_path / "run" / "version_0"
    for tag in ("curriculum/mean_success", "greedy/reward", "greedy/length", "entropy_control/applied", "reward/mean"):
        assert scalars(run, tag) == pytest.approx(scalars(uninterrupted, tag), abs=1e-6), tag
    mine, other = end(run), end(uninterrupted)
    assert all(torch.allclose(mine[name], value, rtol=0, atol=1e-5) for name, value in other.items())
