"""The rollouts of training steps: made just before each, or, with a lag of 1, while the policy updates on those before.

How they are made is their maker's business; that they are a step old is the objective's (`objectives.staleness`).
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from time import perf_counter
from typing import Any

from asym_lit.process_groups import new_group, within
from asym_lit.processes.beside import Beside
from asym_lit.rollout.plain_batches import batch_as_plain, batch_from_plain
from asym_lit.rollout.prompts import PromptLoader, SlottedPrompts
from asym_lit.rollout.step_maker import StepMaker
from asym_lit.types import LivePolicy, RolloutBatch

PATIENCE = 30.0
"""Seconds for work that was given up to end; an engine that was closed ends it at once."""


@dataclass
class Step:
    """The rollouts of a step, made or in the making."""

    batch: RolloutBatch
    before: dict[str, Any]
    """State of the loader before its prompts were drawn."""
    version: int
    """Optimizer steps behind the weights that write it."""
    job: Beside[None] | None = None
    """What makes it; None once it is made."""


class RolloutsAhead:
    """Serves the rollouts of one training step after the other.

    With a lag of 1, those of step k + 1 are begun when step k is served, by the weights before update k, and made by an engine
    that runs elsewhere while the policy updates. A step is begun when the one before is complete, so prompts are drawn, groups
    filtered and problems learned of in the order of a run without lag. The first step is made at once; the last begins nothing.

    Only one thread uses engine, scorer and loader at a time: who wants them waits for what is being made (`settle`).

    Args:
        maker: Has prompts answered and the answers scored.
        lag: Rollout steps by which the weights that write are behind: 0 or 1.
        gather: Joins the lists of all ranks.
    """

    def __init__(self, maker: StepMaker, lag: int, gather: Callable[[list[Any]], list[Any]]) -> None:
        self.maker, self.lag, self.gather = maker, lag, gather
        self.witness: Callable[[LivePolicy, RolloutBatch], None] | None = None
        """Looks at the engine where it has just been given the policy's weights, beside the rollouts that are trained on."""
        self._loader: PromptLoader | None = None
        self._handed: Step | None = None
        self._coming: Step | None = None
        self._fault: BaseException | None = None
        self._group: Any = None

    def serve(
        self,
        empty: Sequence[RolloutBatch],
        prompts: SlottedPrompts,
        live: LivePolicy,
        loader: PromptLoader,
        keep: Any,
        greedy: bool = False,
    ) -> RolloutBatch:
        """The rollouts of a step; with a lag those of the next are begun. A collective.

        Args:
            empty: Of the step, to be filled in unless its rollouts are there; then of the next, if there is one.
            prompts: This rank's share of the step.
            live: Whose weights the engine is given.
            loader: Gives prompts.
            keep: The objective's group filter.
            greedy: Beside each problem that is left, one greedy response.
        """
        self._loader, self._handed, made = loader, None, empty[0]
        if not self.lag:
            self.maker.sync(made, live)
            self.maker.fill(made, prompts, keep, loader, greedy)
            self.maker.rest(made)
            return made
        step = self._taken(made.step)
        if step is None:
            self.maker.sync(made, live)
            step = Step(made, loader.before, live.policy_version)
            self.maker.fill(made, prompts, keep, loader, greedy)
        _check_version(step)
        self._handed = step
        if len(empty) > 1:
            self._begin(empty[1], live, loader, keep, greedy)
        return step.batch

    def _begin(self, made: RolloutBatch, live: LivePolicy, loader: PromptLoader, keep: Any, greedy: bool) -> None:
        """Have a step made beside, by the weights of this moment. A collective."""
        self._group = self._group or new_group()
        loader.settle = self.settle
        before = loader.state_dict()
        self.maker.sync(made, live)
        if self.witness is not None and self._handed is not None:
            clock = perf_counter()
            self.witness(live, self._handed.batch)
            made.spend("sync", clock)
        prompts = loader.take_ahead()

        def work(heed: Callable[[], None]) -> None:
            self.maker.work_beside(heed)
            with within(self._group):
                self.maker.fill(made, prompts, keep, loader, greedy)

        made.lag = self.lag
        self._coming = Step(made, before, live.policy_version, Beside(work, f"rollouts of step {made.step}"))

    def _taken(self, number: int) -> Step | None:
        """The rollouts of a step, if they were begun before; their fault is raised here."""
        self.settle()
        fault, step = self._fault, self._coming
        self._fault = self._coming = None
        if fault is not None:
            raise fault
        if step is not None and step.batch.step != number:
            raise RuntimeError(f"Rollouts of step {step.batch.step} are there, and step {number} is due.")
        return step

    def settle(self) -> None:
        """Wait for what is being made; a fault is kept until its rollouts are asked for, and its prompts are drawn again."""
        step = self._coming
        if step is None or step.job is None:
            return
        waited = step.job.wait()
        batch, job, step.job = step.batch, step.job, None
        batch.seconds["waited"] = waited
        batch.seconds["overlapped"] = max(job.seconds - waited, 0.0)
        self.maker.work_beside(None)
        if job.fault is not None:
            self._fault = job.fault
            self._drop()

    def _drop(self) -> None:
        """As if the step to come had not been begun."""
        assert self._coming is not None and self._loader is not None
        self._loader.load_state_dict(self._coming.before)
        self._coming = None

    def end(self, wanted: bool = False) -> None:
        """Nothing is made beside from here on.

        Args:
            wanted: Wait for what is being made, to save it; else it is given up, and its engine closed.
        """
        if wanted:
            self.settle()
        if self._coming is None or self._coming.job is None:
            return
        job = self._coming.job
        job.give_up()
        self.maker.close()
        if not job.ended(PATIENCE):
            warnings.warn(
                f"Rollouts that nobody waits for are still made after {PATIENCE:g} s; they end with the run.", stacklevel=2
            )
        self.maker.work_beside(None)
        self._drop()

    def close(self) -> None:
        """Give up what is being made, and close the engine."""
        self.end()
        self.maker.close()

    def take_back(self, loader: PromptLoader) -> None:
        """The latest step was served and not trained on: it will be served again, with the rollouts that it has."""
        handed, self._handed = self._handed, None
        if handed is None:
            loader.rewind()
            return
        self.end()
        if self._coming is not None:
            self._drop()
        loader.served, loader.ahead, self._coming = handed.batch.step, True, handed

    def state(self) -> dict[str, Any] | None:
        """The rollouts that are there for the step to come, of all ranks, as plain values; None without. A collective."""
        self.settle()
        if (step := self._coming) is None:
            return None
        return {"batch": batch_as_plain(step.batch, self.gather), "before": step.before, "version": step.version}

    def load(self, state: Mapping[str, Any] | None, loader: PromptLoader) -> None:
        """Take over what another run had made for the step to come, on any number of ranks."""
        if state is not None:
            self._loader, batch = loader, batch_from_plain(state["batch"], loader.owns)
            self._coming = Step(batch, state["before"], state["version"])

    def resume(self, is_of_use: bool = True) -> None:
        """Where a run goes on: rollouts that it has no use for are made anew.

        Args:
            is_of_use: They were asked for as this run asks: drawn alike, and filtered alike. Without a lag they are of none.
        """
        if self._coming is not None and not (self.lag and is_of_use):
            self._drop()


def _check_version(step: Step) -> None:
    """Refuse rollouts that other weights wrote than was asked for."""
    others = {rollout.policy_version for rollout in step.batch.rollouts} - {step.version}
    if others:
        raise RuntimeError(
            f"Rollouts of step {step.batch.step} were to be written by the weights of version {step.version}, and some say "
            f"that they are of {sorted(others)[0]}: the engine was given other weights while it wrote."
        )
