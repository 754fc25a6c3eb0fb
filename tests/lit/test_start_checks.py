"""Limits of the trainer that mean something else than they seem to are refused before anything runs."""

from __future__ import annotations

from types import SimpleNamespace

import pytest
from lightning.pytorch import Trainer

from asym_lit.engine_process import ProcessEngine
from asym_lit.lit.start_checks import check_lag, check_limits
from asym_lit.objectives import drpo, grpo
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.types import InputError


@pytest.mark.parametrize(
    ("option", "words"),
    [
        ({"max_epochs": 3}, "trainer.max_epochs is 3; allowed: 1.*write --data.rollout_steps N .now 8."),
        ({"min_epochs": 2, "max_epochs": 2}, "trainer.max_epochs is 2; allowed: 1"),
        ({"max_steps": 5}, "trainer.max_steps is 5; allowed: -1. It counts optimizer steps.*data.rollout_steps"),
        ({"min_steps": 5}, "trainer.min_steps is 5; allowed: None.*data.rollout_steps"),
        ({"limit_train_batches": 2}, "trainer.limit_train_batches is 2; allowed: 1.0. Write --data.rollout_steps"),
        ({"limit_train_batches": 0.5}, "trainer.limit_train_batches is 0.5; allowed: 1.0"),
        (
            {"check_val_every_n_epoch": 2},
            "every_n_epoch is 2; allowed: 1.*one epoch; write --trainer.val_check_interval",
        ),
        ({"overfit_batches": 1}, "trainer.* is 1; allowed: .*"),
        ({"accumulate_grad_batches": 2}, "accumulate_grad_batches is 2; .*updates; write --model.max_micro_batch_tokens"),
        ({"gradient_clip_val": 1.0}, "gradient_clip_val is 1.0; .*updates; write --model.max_grad_norm"),
    ],
)
def test_a_limit_that_would_not_mean_what_it_says_is_refused_with_what_to_write(option, words):
    with pytest.raises(InputError, match=words):
        check_limits(trainer(**option), 8)


@pytest.mark.parametrize("option", [{}, {"max_epochs": 1}, {"max_epochs": -1}, {"max_epochs": 1000}, {"fast_dev_run": 2}])
def test_without_a_limit_a_run_is_one_epoch_also_from_python(option):
    mine = trainer(**option)
    check_limits(mine, 8)
    assert mine.max_epochs == 1


def trainer(**options):
    quiet = {"logger": False, "enable_checkpointing": False, "enable_progress_bar": False, "enable_model_summary": False}
    return Trainer(accelerator="cpu", **{**quiet, **options})


@pytest.mark.parametrize(
    ("lag", "engine", "objective", "words"),
    [
        (2, ProcessEngine(), drpo(), "data.lag is 2; allowed: 0, strictly on-policy, or 1"),
        (
            1,
            HFEngine(),
            drpo(),
            "data.lag is 1, and HFEngine cannot write .*--data.engine ProcessEngine.*server",
        ),
        (1, ProcessEngine(), grpo(), "weights of a step before .* --model.correction asym_lit.objectives.*TokenTruncated"),
    ],
)
def test_a_lag_that_engine_or_objective_cannot_bear_is_refused(lag, engine, objective, words):
    with pytest.raises(InputError, match=words):
        check_lag(objective, lagging(lag, engine))


@pytest.mark.parametrize(("lag", "engine", "objective"), [(1, ProcessEngine(), drpo()), (0, HFEngine(), grpo())])
def test_a_lag_that_they_can_bear_is_none_of_the_checks_business(lag, engine, objective):
    check_lag(objective, lagging(lag, engine))


def lagging(lag, engine):
    return SimpleNamespace(ahead=SimpleNamespace(lag=lag), maker=SimpleNamespace(engine=engine))
