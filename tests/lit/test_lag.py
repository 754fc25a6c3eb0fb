"""With a lag of 1 rollouts are written beside the update, by the weights before it, and nothing else is other than without."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from asym_lit.run_folder.ledger import read_ledger
from beside_updates import UPDATED
from runs import points, run_alone, scalars, weights, words

LAG = ["--config", "tests/lit/lag.yaml"]
MOVES = ["--model.optimizer.lr", "0.0005"]
FAST = ["--trainer.limit_val_batches", "0", "--trainer.num_sanity_val_steps", "0"]
LAST = "checkpoints/step_000004"


def callbacks(name: str, **options: object) -> list[str]:
    told = [word for key, value in options.items() for word in (f"--trainer.callbacks.{key}", str(value))]
    return ["--trainer.callbacks+", f"beside_updates.{name}", *told]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """DAPO, so that groups are drawn anew in the background, with an evaluation between steps 2 and 3."""
    from asym_lit.cli import main

    folder = tmp_path_factory.mktemp("whole")
    main(words(folder, "dapo", *LAG, *MOVES))
    return folder / "run" / "version_0"


def rows(run: Path, step: int) -> list[dict]:
    return [json.loads(line) for line in (run / "rollouts" / f"train_{step:06d}.jsonl").read_text().splitlines()]


def assert_same_end(run: Path, other: Path) -> None:
    one, two = weights(run / LAST), weights(other / LAST)
    assert one.keys() == two.keys()
    for name, value in one.items():
        assert torch.equal(value, two[name]), name
    for step in range(4):
        assert rows(run, step) == rows(other, step)
    assert points(run) == points(other)
    assert read_ledger(run / "ledger.parquet") == read_ledger(other / "ledger.parquet")


def test_a_step_is_written_by_the_weights_before_the_update_of_the_step_before(whole: Path) -> None:
    # Two mini-batches: two optimizer steps a rollout step. Steps 0 and 1 are both written by the weights before training.
    assert [{row["policy_version"] for row in rows(whole, step)} for step in range(4)] == [{0}, {0}, {2}, {4}]
    assert scalars(whole, "lag/optimizer_steps") == {0: 0.0, 1: 2.0, 2: 2.0, 3: 2.0}
    assert scalars(whole, "lag/rollout_steps") == {0: 0.0, 1: 1.0, 2: 1.0, 3: 1.0}


def test_rollouts_are_written_while_the_policy_is_updated(fit) -> None:
    # Those of step 1 are given only when step 0 has been trained on: without overlap the engine would wait for ever.
    while UPDATED.acquire(blocking=False):
        pass
    engine = ["--data.engine", "beside_updates.BesideEngine", "--data.engine.after_updates", "2"]
    run = fit("grpo", *LAG, *FAST, *engine, "--data.rollout_steps", "3", *callbacks("TellUpdates"))
    waited, overlapped, generated = (scalars(run, f"time/{name}") for name in ("waited", "overlapped", "generate"))
    assert set(waited) == set(overlapped) == {1, 2}
    for step in (1, 2):
        assert waited[step] + overlapped[step] >= 0.99 * generated[step], "all of the making is the one or the other"
        assert overlapped[step] > 0


def test_a_run_that_goes_on_from_a_checkpoint_ends_with_the_same_rollouts_weights_and_metrics(
    tmp_path: Path, fit: Callable[..., Path], whole: Path
) -> None:
    run = tmp_path / "run" / "version_0"
    shutil.copytree(whole, run)
    for step in (2, 3, 4):
        shutil.rmtree(run / "checkpoints" / f"step_{step:06d}")
    fit("dapo", *LAG, *MOVES, "--ckpt_path", str(run))
    assert_same_end(run, whole)


def test_a_run_that_is_stopped_saves_what_is_written_and_goes_on_with_it(
    tmp_path: Path, fit: Callable[..., Path], whole: Path
) -> None:
    with pytest.raises(SystemExit, match="told to"):  # behind step 2, while rollouts of step 3 are being written
        fit("dapo", *LAG, *MOVES, *callbacks("StopAt", step=2))
    run = tmp_path / "run" / "version_0"
    assert max(path.name for path in (run / "checkpoints").iterdir()) == "step_000003"
    fit("dapo", *LAG, *MOVES, "--ckpt_path", str(run))
    assert_same_end(run, whole)


def test_an_engine_whose_process_is_killed_beside_the_update_is_replaced_and_writes_the_same_tokens(fit, whole: Path) -> None:
    engine = ["--data.engine", "ProcessEngine", *callbacks("KillEngine", step=1)]
    with pytest.warns(UserWarning, match="started anew: ProcessEngine: its process ended by SIGKILL"):
        run = fit("dapo", *LAG, *MOVES, *FAST, *engine)
    assert scalars(run, "engine/restarts")[3] == 1
    for step in range(4):
        assert [row["token_ids"] for row in rows(run, step)] == [row["token_ids"] for row in rows(whole, step)]
        assert [row["policy_version"] for row in rows(run, step)] == [row["policy_version"] for row in rows(whole, step)]
    expected, found = weights(whole / LAST), weights(run / LAST)
    # Fewer rows at once round log-probs otherwise, and the correction reads them.
    assert all(torch.allclose(value, found[name], rtol=0, atol=1e-4) for name, value in expected.items())


def test_the_guard_tells_staleness_from_an_engine_that_disagrees(whole: Path) -> None:
    agreed, apart = scalars(whole, "mismatch/engine"), scalars(whole, "mismatch/mean")
    assert set(agreed) == {0, 1, 2}  # behind the last step nothing is begun
    assert max(agreed.values()) < 1e-5
    assert apart[0] < 1e-5 < 10 * min(apart[step] for step in (1, 2, 3))


def test_two_processes_and_one_train_alike_and_go_on_from_each_others_checkpoints(tmp_path: Path, whole: Path, fit) -> None:
    run_alone(
        *words(tmp_path, "dapo", *LAG, *MOVES, *FAST, "--config", "configs/overlays/ddp.yaml", "--data.rollout_steps", "3")
    )
    run = tmp_path / "run" / "version_0"
    for step in (0, 1, 2):
        assert [row["token_ids"] for row in rows(run, step)] == [row["token_ids"] for row in rows(whole, step)]
    shutil.rmtree(run / "checkpoints" / "step_000003")
    fit("dapo", *LAG, *MOVES, *FAST, "--ckpt_path", str(run))
    expected, found = weights(whole / LAST), weights(run / LAST)
    for name, value in expected.items():
        assert torch.allclose(found[name], value, rtol=0, atol=1e-4), name  # of 0.004 that eight updates move it
