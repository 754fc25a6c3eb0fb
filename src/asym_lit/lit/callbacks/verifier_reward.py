"""Verdicts and rewards: owns the verifier, scores rollouts for the data module, logs what it said."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from math import isfinite
from typing import Any, Literal

from lightning.pytorch import Callback, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_warn
from typing_extensions import override

from asym_lit.lit.datamodule import RolloutDataModule
from asym_lit.lit.distributed import all_lists, mean_over_processes
from asym_lit.lit.gold_audit import audit_gold
from asym_lit.lit.module import PolicyModule
from asym_lit.lit.stopping import ends_all
from asym_lit.loggers.run_place import run_folder
from asym_lit.rollout.counting import greedy_sums
from asym_lit.rollout.pending_verdicts import (
    PendingVerdicts,
    oracle_sums,
    reasons_told,
    traces,
    verdict_metrics,
    verdict_sums,
)
from asym_lit.run_folder.record import keep_traceback
from asym_lit.types import (
    AuditingVerifier,
    Counting,
    InputError,
    Intervention,
    Outcome,
    Rollout,
    RolloutBatch,
    RunStoppedError,
    SubmittingVerifier,
    Verdict,
    VerdictClock,
    Verifier,
    VerifierError,
    check_members,
)
from asym_lit.verifiers.interventions import innermost_of

Policy = Literal["mask", "drop_group", "wrong"]


class VerifierReward(Callback):
    """Gives each rollout a verdict and a reward.

    The data module hands it groups as their generation finishes. A verifier that can work beside its caller does so while the
    next groups are generated; verdicts are waited for before the objective's group filter looks at them.

    Args:
        verifier: Proves itself on known cases before the first batch.
        correct: Reward of a right response.
        incorrect: Reward of a wrong one.
        max_undecided: Share of undecided rollouts in a step above which the run stops.
        undecided: What becomes of an undecided rollout: `mask` leaves it out of its group, `drop_group` leaves out the whole
            group, `wrong` gives it the reward of a wrong response, which punishes answers for faults of the verifier.
        oracle: An exact verifier for what the first one only estimates, if there is one. It gives no rewards: it is logged
            beside them, and evaluations count what it says.
        max_unreadable_gold: Share of training prompts with a gold answer that the verifier cannot read above which the run does
            not begin.
    """

    def __init__(
        self,
        verifier: Verifier,
        correct: float = 1.0,
        incorrect: float = 0.0,
        max_undecided: float = 0.1,
        undecided: Policy = "mask",
        oracle: Verifier | None = None,
        max_unreadable_gold: float = 0.05,
    ) -> None:
        if not 0 <= max_unreadable_gold <= 1:
            raise InputError(f"max_unreadable_gold is {max_unreadable_gold}; allowed: 0 to 1.")
        self.max_unreadable_gold = max_unreadable_gold
        if not 0 <= max_undecided <= 1:
            raise InputError(f"max_undecided is {max_undecided}; allowed: 0 to 1.")
        if undecided not in ("mask", "drop_group", "wrong"):
            raise InputError(f"undecided is {undecided!r}; allowed: mask, drop_group, wrong.")
        for called, given in (("verifier", verifier), ("oracle", oracle)):
            if given is not None:
                check_members(called, given, Verifier)
        self.verifier, self.max_undecided, self.undecided, self.oracle = verifier, max_undecided, undecided, oracle
        self._asked = innermost_of(verifier)
        self.rewards = {
            Outcome.CORRECT: correct,
            Outcome.INCORRECT: incorrect,
            Outcome.UNDECIDED: incorrect if undecided == "wrong" else None,
        }
        self._pending = PendingVerdicts(self._asked)
        self._groups: list[Sequence[Rollout]] = []

    @override
    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        data = getattr(trainer, "datamodule", None)
        if not isinstance(data, RolloutDataModule):
            raise TypeError(f"VerifierReward scores the rollouts of a RolloutDataModule, not of a {type(data).__name__}.")
        if self.undecided == "wrong":
            rank_zero_warn("undecided: wrong counts every timeout, crash and outage of the verifier as a wrong answer.")
        if isinstance(self._asked, SubmittingVerifier):
            self._asked.open()
        for verifier in (self.verifier, self.oracle):
            if verifier is not None:
                verifier.self_test()
        data.maker.scorer = self
        self._folder = run_folder(trainer)

    @override
    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data = getattr(trainer, "datamodule", None)
        if isinstance(self._asked, AuditingVerifier) and isinstance(data, RolloutDataModule):
            prompts = data.training_prompts()
            audit_gold(self._asked, prompts, trainer.global_rank, self.max_unreadable_gold, run_folder(trainer))

    @override
    def teardown(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        self.close()

    @override
    def on_exception(self, trainer: Trainer, pl_module: LightningModule, exception: BaseException) -> None:
        data = getattr(trainer, "datamodule", None)
        if isinstance(data, RolloutDataModule) and isinstance(pl_module, PolicyModule) and data.train_loader is not None:
            # What is made beside is verified before the verifier is closed, if it is to be saved.
            data.ahead.end(ends_all(exception) and data.train_loader.served <= pl_module.rollout_step)
        self.close()
        if isinstance(exception, VerifierError):
            keep_traceback(self._folder, exception)

    def close(self) -> None:
        """End what the verifier started."""
        for verifier in (self._asked, self.oracle):
            if isinstance(verifier, SubmittingVerifier):
                verifier.close()

    def submit(self, group: Sequence[Rollout]) -> None:
        """Take a group that is generated; its verdicts may be made from now on."""
        self._pending.submit(group)
        self._groups.append(group)

    def collect(self) -> None:
        """Verdict and reward of every rollout taken since, in place."""
        self._pending.collect()
        groups, self._groups = self._groups, []
        for group in groups:
            verdicts = self._in_use(group)
            dropped = self.undecided == "drop_group" and any(v.outcome == Outcome.UNDECIDED for v in verdicts)
            for rollout, verdict in zip(group, verdicts, strict=True):
                if verdict.score is not None and not isfinite(verdict.score):
                    raise RuntimeError(
                        f"The verifier {verdict.by!r} gave the score {verdict.score} to a response to {rollout.prompt.uid!r}; "
                        f"allowed: finite numbers. The response: {rollout.text[:200]!r}"
                    )
                rollout.verdict, rollout.reward = verdict, None if dropped else self._reward(verdict)

    def _in_use(self, group: Sequence[Rollout]) -> list[Verdict]:
        """The verdicts of a group after interventions, with the oracle's word."""
        verdicts = [rollout.verdict for rollout in group if rollout.verdict]
        if isinstance(self.verifier, Intervention):
            verdicts = self.verifier.revise(group, verdicts)
        if self.oracle is None:
            return verdicts
        truths = [self.oracle.verify(rollout.prompt, rollout.text).outcome for rollout in group]
        return [replace(verdict, oracle=truth) for verdict, truth in zip(verdicts, truths, strict=True)]

    def _reward(self, verdict: Verdict) -> float | None:
        wrong, right = self.rewards[Outcome.INCORRECT], self.rewards[Outcome.CORRECT]
        assert wrong is not None and right is not None
        return self.rewards[verdict.outcome] if verdict.score is None else wrong + verdict.score * (right - wrong)

    def score(self, group: Sequence[Rollout]) -> None:
        """Verdict and reward of each rollout of a group, in place."""
        self.submit(group)
        self.collect()

    def read_clock(self) -> VerdictClock:
        """What was measured of the verifier's work since it was read last."""
        return self._pending.read_clock()

    @override
    def on_train_batch_start(self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int) -> None:
        assert isinstance(pl_module, PolicyModule) and isinstance(batch, RolloutBatch)
        everything = [*batch.rollouts, *batch.discarded]
        sums = verdict_sums(everything, batch.sampling.n, batch.clock) | oracle_sums(everything, self.rewards)
        sums |= greedy_sums(batch.greedy)
        mean = mean_over_processes(sums)
        square = mean.pop("reward/square", 0.0)
        mean["reward/std"] = max(square - mean.get("reward/mean", 0.0) ** 2, 0.0) ** 0.5
        if self.undecided == "wrong":
            mean["verifier/undecided_as_wrong"] = mean["verifier/undecided"]
        everywhere = all_lists(traces(everything))
        mean |= verdict_metrics(everywhere)
        if isinstance(self._asked, Counting):
            mean |= {f"verifier/{name}": float(value) for name, value in self._asked.metrics().items()}
        pl_module.log_metrics(mean, batch.step, prog_bar=("reward/mean",))
        if mean["verifier/undecided"] > self.max_undecided:
            pl_module.write_points()  # else when the step ends, and this one does not
            raise RunStoppedError(
                f"{mean['verifier/undecided']:.0%} of the rollouts of step {batch.step} are undecided; allowed: "
                f"{self.max_undecided:.0%} (max_undecided). {reasons_told(everywhere)}"
            )


def counted_by(trainer: Trainer) -> Verifier | None:
    """The verifier whose word evaluations count; None if nothing is verified."""
    owners = [c for c in trainer.callbacks if isinstance(c, VerifierReward)]  # type: ignore[attr-defined]
    return (owners[0].oracle or innermost_of(owners[0].verifier)) if owners else None
