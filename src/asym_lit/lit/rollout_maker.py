"""From prompts to verified rollouts. The engine under it is kept by `engine_keeper`; verdicts come from a scorer."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from typing import Any

from asym_lit.lit.distributed import all_lists
from asym_lit.lit.engine_keeper import EngineKeeper
from asym_lit.lit.interruption import INTERRUPTION
from asym_lit.lit.stopping import HeldFault
from asym_lit.objectives.rewards import GroupFilter, passes
from asym_lit.processes.progress import PROGRESS
from asym_lit.responses import response_text
from asym_lit.rollout.engine import Engine, Request, request_seed
from asym_lit.rollout.prompts import PromptLoader, SlottedPrompts
from asym_lit.types import LivePolicy, Rollout, RolloutBatch, Scorer


class RolloutMaker:
    """Has prompts answered by an engine and the answers scored.

    Args:
        engine: What writes rollouts.
        tokenizer: Decodes them; the same for every engine.
        policy: Where the engine finds the policy before training.
        seed: Of all sampling.
    """

    def __init__(self, engine: Engine, tokenizer: Any, policy: str, seed: int) -> None:
        self.keeper = EngineKeeper(engine, tokenizer, policy)
        self.tokenizer, self.seed = tokenizer, seed
        self.scorer: Scorer | None = None
        self._heed: Callable[[], None] | None = None

    @property
    def engine(self) -> Engine:
        """What writes rollouts."""
        return self.keeper.engine

    def sync(self, made: RolloutBatch, live: LivePolicy) -> None:
        """Have the engine ready, with the policy's weights. A collective."""
        clock = perf_counter()
        self.keeper.sync(live)
        made.spend("sync", clock)

    def fill_once(self, made: RolloutBatch, prompts: SlottedPrompts, each: Callable[[], None] = lambda: None) -> None:
        """An evaluation batch; `each` is called when a problem is answered.

        Its random numbers do not depend on the step: evaluations before and after training share them.
        """
        made.rollouts = [rollout for group in self._answer(made, prompts, "evaluation", 0, each) for rollout in group]
        made.kept = [True] * len(made.groups)

    def fill(
        self, made: RolloutBatch, prompts: SlottedPrompts, keep: GroupFilter, loader: PromptLoader, greedy: bool = False
    ) -> None:
        """A training batch, with problems that the filter drops drawn anew, within its bound. A collective.

        What takes the place of a problem has as many groups as that had, so responses stay on their rank, and as many.

        Args:
            made: Filled in.
            prompts: This rank's share of the step.
            keep: The objective's group filter.
            loader: Gives the next prompts, the same on every rank, and learns what has become of all.
            greedy: Beside each problem that is left, one greedy response.
        """
        made.groups_each = loader.groups_each
        first = {slot: start for start, size in loader.groups_each.items() for slot in range(start, start + size)}
        groups: dict[int, list[Rollout]] = {}
        pending, kept = prompts, dict.fromkeys((first.get(slot, slot) for slot, _ in prompts), False)
        for attempt in range(keep.max_draws):
            joined: dict[int, list[Rollout]] = {}
            for group in self._answer(made, pending, f"train/{attempt}", made.step):
                slot = group[0].slot
                made.discarded += groups.get(slot, [])
                groups[slot] = group
                joined.setdefault(first.get(slot, slot), []).extend(group)
            kept |= {start: passes(keep, rollouts) for start, rollouts in joined.items()}
            dropped = sorted(all_lists([start for start, is_kept in kept.items() if not is_kept]))
            if not dropped or attempt + 1 == keep.max_draws:
                break
            anew = dict(zip(dropped, loader.draw(len(dropped)), strict=True))
            pending = [(slot, anew[first.get(slot, slot)]) for slot in sorted(groups) if first.get(slot, slot) in anew]
        made.rollouts = [rollout for slot in sorted(groups) for rollout in groups[slot]]
        made.kept = [kept[first.get(slot, slot)] for slot in sorted(groups)]
        made.curriculum = loader.learn(made.asked, all_lists)
        if greedy:
            self.fill_greedy(made)

    def fill_greedy(self, made: RolloutBatch) -> None:
        """A greedy response to each problem of a batch, be it of several groups. A collective."""
        prompts = [(rollouts[0].slot, rollouts[0].prompt) for rollouts in made.problems]
        asked = RolloutBatch([], made.sampling.greedy(), made.step, made.source, seconds=made.seconds, clock=made.clock)
        made.greedy = [one for group in self._answer(asked, prompts, "greedy", made.step) for one in group]
        made.figures = asked.figures

    def _answer(
        self, made: RolloutBatch, prompts: SlottedPrompts, stage: str, step: int, each: Callable[[], None] = lambda: None
    ) -> list[list[Rollout]]:
        assert self.scorer is not None
        seeds = [request_seed(self.seed, stage, step, slot, prompt.uid) for slot, prompt in prompts]
        requests = [Request(prompt, slot, seed) for (slot, prompt), seed in zip(prompts, seeds, strict=True)]
        groups, held, clock = [], HeldFault(), perf_counter()
        PROGRESS.mark("generate", made.step)
        for group in self.keeper.groups(requests, made.sampling):
            for rollout in group:
                ids, asked = rollout.token_ids, rollout.prompt.token_ids
                stops = made.sampling.stop_strings
                rollout.text = response_text(self.tokenizer, ids, rollout.finish_reason == "stop", asked, stops)
            if self._heed is not None:
                self._heed()
            else:
                INTERRUPTION.check_alone(made.step)
            clock = made.spend("generate", clock)
            with held:
                self.scorer.submit(group)
            clock = made.spend("verify", clock)
            groups.append(group)
            each()
            PROGRESS.mark("generate")
        with held:
            self.scorer.collect()
        held.release()
        made.spend("verify", clock)
        made.clock.add(self.scorer.read_clock())
        made.drawn += len(groups)
        made.figures = dict(getattr(self.engine, "figures", {}))
        return groups

    def rest(self, made: RolloutBatch) -> None:
        """Let the engine give its memory back while the policy trains."""
        clock = perf_counter()
        self.engine.sleep()
        made.spend("sync", clock)

    def work_beside(self, heed: Callable[[], None] | None) -> None:
        """What is made from here on is made beside an update, and ends where `heed` raises; None: in turn with updates.

        Beside an update no signal ends it: the step that is trained on is finished first, and what is being made then saved.
        """
        self._heed, self.keeper.beside = heed, heed is not None

    def close(self) -> None:
        """Close the engine; a later stage starts it again."""
        self.keeper.close()
