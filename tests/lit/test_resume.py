"""A run that is killed and resumed ends with the very weights, and evaluations, of a run that was not."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch

from asym_lit.run_folder.ledger import read_ledger
from runs import run_alone, weights, words

SIGKILLED = -9


def arguments(folder: Path, *more: str) -> list[str]:
    return words(folder, "dapo", "--config", "tests/lit/every_step.yaml", *more)


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("uninterrupted")
    run_alone(*arguments(folder))
    return folder / "run" / "version_0"


@pytest.mark.parametrize(
    ("killer", "number", "survives"),
    [
        ("KillBeforeOptimizerStep", 6, 2),  # the second of two mini-batches of the third step
        ("KillInCheckpoint", 3, 2),
        ("KillInCheckpoint", 1, 0),
        ("KillInEvaluation", 1, 2),
        ("KillInEvaluation", 2, 4),  # nothing is left to train
    ],
)
def test_a_killed_run_resumes_to_bit_identical_weights_and_the_same_evaluations(
    tmp_path: Path, uninterrupted: Path, killer: str, number: int, survives: int
) -> None:
    kill = ["--trainer.callbacks+", f"killers.{killer}", "--trainer.callbacks.number", str(number)]
    run_alone(*arguments(tmp_path, *kill), expect=SIGKILLED)
    run = tmp_path / "run" / "version_0"
    whole = sorted(path.name for path in (run / "checkpoints").glob("step_*"))
    assert whole == [f"step_{step:06d}" for step in range(1, survives + 1)]
    resume = ["--ckpt_path", str(run)] if survives else []
    before = {path: path.stat().st_mtime_ns for path in run.glob("checkpoints/step_*/lightning.ckpt")}
    done = run_alone(*arguments(tmp_path, *resume))
    if survives:  # from the checkpoint, not from the beginning, which would end alike
        assert f"step_{survives:06d}" in done.stdout + done.stderr
        assert {path: path.stat().st_mtime_ns for path in before} == before
    assert {record.step for record in read_ledger(run / "ledger.parquet")} == {0, 2, 4}
    assert read_ledger(run / "ledger.parquet") == read_ledger(uninterrupted / "ledger.parquet")
    expected, resumed = (weights(folder / "checkpoints" / "step_000004") for folder in (uninterrupted, run))
    assert resumed.keys() == expected.keys()
    for name, value in expected.items():
        assert torch.equal(value, resumed[name]), name
