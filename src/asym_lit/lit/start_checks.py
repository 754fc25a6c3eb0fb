"""What is refused of a training run before its first batch, its limits above all: each means what it says, or is refused.

The length of a run is `data.rollout_steps`. Lightning's own limits count other things: epochs, of which a run is one, optimizer
steps, of which a rollout step makes several, batches. What they end has no checkpoint of its last policy, and no evaluation.
"""

from __future__ import annotations

from lightning.pytorch import Trainer
from lightning.pytorch.utilities import rank_zero_warn

from asym_lit.engine_process import ProcessEngine
from asym_lit.lit.rollout_source import RolloutSource
from asym_lit.objectives.group_sizes import check_group_size, check_groups_of_a_problem
from asym_lit.objectives.objective import Objective
from asym_lit.objectives.staleness import check_staleness
from asym_lit.rollout.engine import RunsElsewhere
from asym_lit.types import InputError, Sampling, check_sampling

LIGHTNINGS_OWN = (1, None, 1000, -1)
"""Epochs: one, what a trainer from Python has if it was told nothing, and without end; one epoch is the run in each case."""


def check_limits(trainer: Trainer, rollout_steps: int) -> None:
    """Refuse what would end a run at another step than its last, or have gradients computed by others; make the run one epoch.

    Args:
        trainer: Of this run.
        rollout_steps: Its length.

    Raises:
        InputError: With the option, and what to write instead.
    """
    length = f"write --data.rollout_steps N (now {rollout_steps}) for the length of the run"
    loop = trainer.fit_loop
    ours = "PolicyModule makes its own updates"
    for name, value, neutral, instead in (
        ("max_epochs", loop.max_epochs, LIGHTNINGS_OWN, f"a run is one epoch, in which prompts are shuffled anew; {length}"),
        ("min_epochs", loop.min_epochs, (None, 0, 1), f"a run is one epoch; {length}"),
        ("max_steps", loop.max_steps, (-1,), f"it counts optimizer steps, and may end a run within a rollout step; {length}"),
        ("min_steps", loop.min_steps, (None, 0), f"it counts optimizer steps; {length}"),
        ("limit_train_batches", trainer.limit_train_batches, (1.0,), length),
        (
            "check_val_every_n_epoch",
            trainer.check_val_every_n_epoch,
            (1, None),
            "a run is one epoch; write --trainer.val_check_interval N for an evaluation every N rollout steps",
        ),
        ("overfit_batches", vars(trainer)["overfit_batches"], (0.0,), "write --data.task.train_size N for fewer problems"),
        ("accumulate_grad_batches", trainer.accumulate_grad_batches, (1,), f"{ours}; write --model.max_micro_batch_tokens"),
        ("gradient_clip_val", trainer.gradient_clip_val, (None, 0), f"{ours}; write --model.max_grad_norm"),
    ):
        is_dev_run = vars(trainer)["fast_dev_run"] and name in ("max_steps", "limit_train_batches", "max_epochs")
        if value not in neutral and not is_dev_run:
            raise InputError(f"trainer.{name} is {value}; allowed: {neutral[0]}. {instead[0].upper()}{instead[1:]}.")
    loop.max_epochs = 1


def check_start(objective: Objective, data: RolloutSource) -> None:
    """Refuse an objective that the groups are too small or too many for, temperatures that cannot be; warn of cut rollouts.

    Raises:
        InputError: With what to write.
    """
    check_group_size(objective, data.sampling.n)
    check_groups_of_a_problem(objective, data.curriculum.most_groups if data.curriculum else 1)
    check_lag(objective, data)
    for temperature in (data.temperature.start, data.temperature.end) if data.temperature else ():
        check_sampling("data", {"temperature": temperature})
    warn_of_cut_distributions(data.sampling)


def check_lag(objective: Objective, data: RolloutSource) -> None:
    """Refuse a lag that the engine cannot write with, or the objective cannot learn with.

    Raises:
        InputError: With what to write.
    """
    lag, engine = data.ahead.lag, data.maker.engine
    if lag not in (0, 1):
        raise InputError(f"data.lag is {lag}; allowed: 0, strictly on-policy, or 1, rollouts of the step before.")
    if lag and not isinstance(engine, RunsElsewhere):
        raise InputError(
            f"data.lag is {lag}, and {type(engine).__name__} cannot write while the policy is updated: it shares its memory. "
            f"Allowed: a process of its own (--data.engine {ProcessEngine.__name__}), a server elsewhere (VLLMServerEngine), "
            "several (VLLMServersEngine), or --data.lag 0."
        )
    check_staleness(objective, lag)


def warn_of_cut_distributions(sampling: Sampling) -> None:
    """Warn that rollouts which a filter let through do not come from the policy that is trained."""
    if sampling.filters:
        rank_zero_warn(
            f"data.sampling has top_p {sampling.top_p}, top_k {sampling.top_k}, min_p {sampling.min_p}: rollouts then come "
            "from a cut distribution, while importance ratios and log-probs are of the whole one, so the gradient is biased. "
            "Write top_p: 1, top_k: 0 and min_p: 0 for training; evaluation may filter."
        )
