"""What is computed of one batch of rollouts: scores at the weights that sampled, advantages, gradients.

The optimizer's step is in `optimizing`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from asym_lit.lit.distributed import all_cat, all_sum, world_size
from asym_lit.lit.updates import MiniBatch, cut, plan_bystanders, plan_updates
from asym_lit.objectives.feedback import Feedback
from asym_lit.objectives.objective import Objective
from asym_lit.policy.lora import AdapterOff
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.processes.progress import PROGRESS
from asym_lit.rollout.counting import note_step
from asym_lit.rollout.joined_groups import JoinedGroups
from asym_lit.rollout.microbatches import Cutting, MicroBatch, empty_scores, experience_of, write_rows
from asym_lit.types import Collectives, Needs, RolloutBatch, TokenScores


@dataclass
class RolloutLearner:
    """The computations of one rollout step, in the order of its methods.

    Args:
        scorer: The policy in training.
        reference: Its frozen first self; None if nothing needs it.
        objective: What is optimised.
        needs: Scores wanted at the weights that sampled: the objective's and those of diagnostics.
        batch: The rollouts; its `experience` and `scores` are filled in.
        cutting: How the rollouts are cut up for the updates.
        watch: Score the rollouts that no update reads too, for diagnostics. They are if parts of the objective read scores.
        memory: What steering parts of the objective remember; changed in place.
        rollout_steps: Length of the run; 0 if that is not known.
    """

    scorer: TokenScorer
    reference: TokenScorer | AdapterOff | None
    objective: Objective
    needs: Needs
    batch: RolloutBatch
    cutting: Cutting
    watch: bool = False
    memory: dict[str, float] = field(default_factory=dict)
    rollout_steps: int = 0

    def __post_init__(self) -> None:
        parameter = next(self.scorer.parameters())
        batch, chosen = self.batch, self.objective.rollout_filter
        self.experience = batch.experience = experience_of(batch.rollouts, batch.sampling.n, parameter.device)
        note_step(self.experience, batch, chosen)
        self.experience.collectives, self.experience.memory = Collectives(all_sum, all_cat), self.memory
        self.experience.steps = self.rollout_steps
        self.feedback = Feedback(tuple(self.objective.regularizers), self.memory, all_sum)
        kept = [kept for kept in self.batch.kept for _ in range(self.batch.sampling.n)]
        self.experience.valid_B &= torch.tensor(kept, device=parameter.device)
        like_BT = self.experience.mask_BT.to(torch.promote_types(parameter.dtype, torch.float32))
        self.scores = self.batch.scores = empty_scores(like_BT, self.needs)
        self.experience.old_logprobs_BT = self.scores.logprobs_BT
        self.scored_B = self.batch.scored_B = torch.zeros(len(self.batch.rollouts), dtype=torch.bool, device=parameter.device)
        if self.reference is not None:
            self.experience.reference_logprobs_BT = torch.zeros_like(like_BT)
        self.joining = JoinedGroups([len(rollouts) for rollouts in self.batch.problems])
        self.idle_B = self.joining.apart(self.objective.idle(self.joining.joined(self.experience)))
        """Bool: rollouts without gradient."""
        idle = self.idle_B.tolist()
        self.plan = plan_updates(self.batch, self.cutting, idle, chosen)
        self.micro_batches = [self._cut(mini_batch) for mini_batch in self.plan]
        self._watched: list[MicroBatch] = []
        if self.watch or self.needs.rollout_scores:
            self._watched = self._cut(plan_bystanders(self.batch, self.cutting, idle, chosen))
        for part in self._parts:
            part.experience.old_logprobs_BT = None  # so far only zeros

    def _cut(self, mini_batch: MiniBatch) -> list[MicroBatch]:
        return cut(mini_batch, self.batch.rollouts, self.experience, self.cutting.share_prompts)

    @property
    def _parts(self) -> list[MicroBatch]:
        return [part for parts in self.micro_batches for part in parts]

    @torch.no_grad()
    def score(self) -> None:
        """Scores at the weights that sampled, in the very micro-batches of the updates.

        So the first importance ratio is 1 to the last bit. Where nothing reads them beforehand, those of the first
        mini-batch are taken from its update, which starts from the same weights: it saves a forward pass.
        """
        ready = 0 if self.needs.rollout_scores else 1
        for number, parts in enumerate([*self.micro_batches, self._watched]):
            for part in parts:
                if number >= ready:
                    self._keep(part, self._scores_of(self.scorer, part, self.needs))
                if self.reference is not None:
                    self._keep_reference(part, self._scores_of(self.reference, part, Needs()).logprobs_BT)

    def estimate(self) -> None:
        """Shaped rewards and advantages of whole groups, handed out to the micro-batches."""
        experience = self.experience
        if self.needs.rollout_scores:
            experience.entropy_BT, experience.squares_BT = self.scores.entropy_BT, self.scores.squares_BT
            experience.pool = experience.pooled(self.scores)
        whole = self.joining.joined(experience)
        whole.rewards_B = self.objective.shape(whole)
        experience.rewards_B = self.joining.apart(whole.rewards_B)
        experience.advantages_BT = self.joining.apart(self.objective.estimate(whole))
        if (experience.advantages_BT[self.idle_B] != 0).any():
            raise RuntimeError(
                "A part of the objective says that it keeps advantages of 0, and gave one of these another value."
            )
        for part in self._parts:
            part.experience.pool = experience.pool
            part.experience.advantages_BT = experience.advantages_BT[part.rows, : part.experience.mask_BT.shape[1]]

    def accumulate(self, number: int, backward: Callable[[Tensor], None]) -> dict[str, Tensor]:
        """Gradients of one mini-batch; returns sums over its tokens on this rank, and its loss.

        Args:
            number: Of the mini-batch in the plan.
            backward: Adds gradients; takes the loss of a micro-batch. Not called if no rollout has a gradient.
        """
        sums = {"loss/total": self.experience.rewards_B.new_zeros(())}
        for part in self.micro_batches[number]:
            scores = self._current_scores(part)
            terms = self.objective.loss(scores, part.experience, self.plan[number].counts)
            # DDP and FSDP2 average gradients over processes; the loss is already divided by global counts.
            backward(terms.loss * world_size())
            for name, value in (*terms.sums.items(), ("loss/total", terms.loss.detach())):
                sums[name] = sums[name] + value if name in sums else value
        self.feedback.after_update(sums, self.plan[number].read)
        return sums

    def _current_scores(self, part: MicroBatch) -> TokenScores:
        """Scores with gradient; the first ones of a micro-batch that has none yet also serve as its old ones."""
        if part.experience.old_logprobs_BT is not None:
            return self._scores_of(self.scorer, part, self.objective.update_needs)
        scores = self._scores_of(self.scorer, part, self.objective.update_needs | self.needs)
        self._keep(part, scores)
        return scores

    def _keep(self, part: MicroBatch, scores: TokenScores) -> None:
        part.experience.old_logprobs_BT = scores.logprobs_BT.detach()
        if not part.is_filler:
            write_rows(self.scores, scores, part.rows)
            self.scored_B[part.rows] = True

    def _keep_reference(self, part: MicroBatch, logprobs_BT: Tensor) -> None:
        part.experience.reference_logprobs_BT = logprobs_BT
        if not part.is_filler:
            assert self.experience.reference_logprobs_BT is not None
            self.experience.reference_logprobs_BT[part.rows, : logprobs_BT.shape[1]] = logprobs_BT

    def _scores_of(self, scorer: TokenScorer | AdapterOff, part: MicroBatch, needs: Needs) -> TokenScores:
        PROGRESS.mark("update" if torch.is_grad_enabled() else "score")
        scores: TokenScores = scorer(part.tokens, part.experience.mask_BT, self.batch.sampling.temperature, needs)
        return scores
