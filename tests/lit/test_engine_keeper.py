"""An engine may die once; twice ends the run, with nothing lost."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest
import torch

from asym_lit.lit.engine_keeper import EngineKeeper
from asym_lit.types import RunStoppedError, Sampling
from dying import DyingEngine
from runs import scalars, weights

LAST = "checkpoints/step_000004"
RECIPE = ["--data.engine", "dying.DyingEngine", "--data.engine.dies_at"]
# One evaluation of 8 problems before training, then 4 groups a step: groups 12 to 15 belong to the second step.


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, torch.Tensor]:
    from asym_lit.cli import main
    from runs import words

    folder = tmp_path_factory.mktemp("undisturbed")
    main(words(folder, "grpo", *RECIPE, "[]"))
    return weights(folder / "run/version_0" / LAST)


def assert_equal(one: dict[str, torch.Tensor], other: dict[str, torch.Tensor]) -> None:
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_a_run_whose_engine_dies_over_a_group_and_over_weights_ends_with_the_same_weights(
    fit: Callable[..., Path], undisturbed: dict[str, torch.Tensor]
) -> None:
    DyingEngine.starts = 0
    # Syncs: before the evaluation, for the second step, when the engine that died in it is replaced, for the third step.
    with pytest.warns(UserWarning, match="started anew: gone"), pytest.warns(UserWarning, match="started anew: out of memory"):
        run = fit("grpo", *RECIPE, "[14]", "--data.engine.dies_over", "[4]")
    assert DyingEngine.starts == 3
    assert_equal(weights(run / LAST), undisturbed)
    assert scalars(run, "engine/restarts") == {0: 0.0, 1: 1.0, 2: 2.0, 3: 2.0}


def test_an_engine_that_dies_twice_over_the_same_prompts_ends_the_run_with_everything_saved(
    tmp_path: Path, fit: Callable[..., Path], undisturbed: dict[str, torch.Tensor]
) -> None:
    with pytest.raises(SystemExit, match=r"^stopped: The engine failed twice .* out of memory"):
        fit("grpo", *RECIPE, "[14,15]")
    run = tmp_path / "run" / "version_0"
    assert [path.name for path in run.glob("checkpoints/step_*")] == ["step_000001"]  # one step was finished, none asked for
    fit("grpo", *RECIPE, "[]", "--ckpt_path", str(run))
    assert_equal(weights(run / LAST), undisturbed)


def test_an_engine_in_place_of_one_that_died_that_takes_no_weights_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    engine = DyingEngine([], [1, 2])
    keeper = EngineKeeper(engine, None, "bundled")
    keeper._live = SimpleNamespace(policy_version=3, named_weights=lambda: iter(()))
    monkeypatch.setattr(keeper, "_start", lambda live: None)
    monkeypatch.setattr(engine, "generate", lambda requests, sampling: engine.sync((), 3))
    with pytest.warns(UserWarning, match="started anew: gone"), pytest.raises(RunStoppedError, match="so did the one in its"):
        list(keeper.groups([], Sampling()))


def test_an_engine_that_dies_twice_over_the_same_weights_stops_the_run(monkeypatch: pytest.MonkeyPatch) -> None:
    keeper = EngineKeeper(DyingEngine([], [1, 2]), None, "bundled")
    live = SimpleNamespace(policy_version=3, named_weights=lambda: iter(()))
    monkeypatch.setattr(keeper, "_start", lambda live: setattr(keeper, "_live", live))
    with pytest.warns(UserWarning, match="started anew: gone"), pytest.raises(RunStoppedError, match=r"twice over the weights"):
        keeper.sync(live)
