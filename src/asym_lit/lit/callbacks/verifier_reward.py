"""Verdicts and rewards: owns the verifier, scores rollouts for the data module, logs what it said."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

from lightning.pytorch import Callback, LightningModule, Trainer
from typing_extensions import override

from asym_lit.lit.datamodule import RolloutDataModule
from asym_lit.lit.distributed import mean_over_processes
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.stopping import RunStoppedError
from asym_lit.types import InputError, Outcome, Rollout, RolloutBatch, SubmittingVerifier, Verifier


class VerifierReward(Callback):
    """Gives each rollout a verdict and a reward.

    The data module calls it as generations finish. An undecided rollout gets no reward and takes no part in training.

    Args:
        verifier: Proves itself on known cases before the first batch.
        correct: Reward of a right response.
        incorrect: Reward of a wrong one.
        max_undecided: Share of undecided rollouts in a step above which the run stops.
    """

    def __init__(self, verifier: Verifier, correct: float = 1.0, incorrect: float = 0.0, max_undecided: float = 0.1) -> None:
        if not 0 <= max_undecided <= 1:
            raise InputError(f"max_undecided is {max_undecided}; allowed: 0 to 1.")
        self.verifier, self.max_undecided = verifier, max_undecided
        self.rewards = {Outcome.CORRECT: correct, Outcome.INCORRECT: incorrect, Outcome.UNDECIDED: None}

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        data = getattr(trainer, "datamodule", None)
        if not isinstance(data, RolloutDataModule):
            raise TypeError(f"VerifierReward scores the rollouts of a RolloutDataModule, not of a {type(data).__name__}.")
        self.verifier.self_test()
        data.maker.score = self.score

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.close()

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        self.close()

    def close(self) -> None:
        """End what the verifier started."""
        if isinstance(self.verifier, SubmittingVerifier):
            self.verifier.close()

    def score(self, rollouts: Sequence[Rollout]) -> None:
        """Verdict and reward of each rollout, in place."""
        for rollout in rollouts:
            rollout.verdict = self.verifier.verify(rollout.prompt, rollout.text)
            rollout.reward = self.rewards[rollout.verdict.outcome]

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        everything = [*batch.rollouts, *batch.discarded]
        rewards = [r.reward for r in everything if r.reward is not None]
        outcomes = Counter(r.verdict.outcome for r in everything if r.verdict)
        count = len(everything)
        mean = mean_over_processes(
            {
                "reward/mean": (sum(rewards), len(rewards)),
                "reward/square": (sum(r * r for r in rewards), len(rewards)),
                "verifier/undecided": (outcomes[Outcome.UNDECIDED], count),
                "verifier/seconds": (sum(r.verdict.seconds for r in everything if r.verdict), count),
            }
        )
        if mean["verifier/undecided"] > self.max_undecided:
            reasons = Counter(r.verdict.reason for r in everything if r.verdict and r.reward is None)
            raise RunStoppedError(
                f"{mean['verifier/undecided']:.0%} of the rollouts of step {batch.step} are undecided; allowed: "
                f"{self.max_undecided:.0%} (max_undecided). Most frequent reasons: {reasons.most_common(3)}. "
                "The policy is saved as it was before this step; mend the verifier and go on with --ckpt_path <run folder>."
            )
        square = mean.pop("reward/square", 0.0)
        mean["reward/std"] = max(square - mean.get("reward/mean", 0.0) ** 2, 0.0) ** 0.5
        pl_module.log_metrics(mean, batch.step, prog_bar=("reward/mean",))
