"""A policy's own answers, labelled by the exact verifier: what a judge will be asked about, among what it is trained on."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import torch

from asym_lit.policy.known_tokens import tokenless_ids
from asym_lit.policy.loading import BUNDLED, load_policy, load_tokenizer, locate
from asym_lit.responses import end_tokens, padding_token, response_text
from asym_lit.rollout.engine import EngineHost, Request, request_seed
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.tasks import Countdown, CountdownAnswers
from asym_lit.tasks.countdown_answers import labelled
from asym_lit.tasks.countdown_thoughts import misleading
from asym_lit.types import LabelledAnswer, Sampling, Split


@dataclass(frozen=True)
class PolicyAnswers:
    """What a policy answers to Countdown problems, among synthetic answers, in all three splits.

    Answers that are the stored solution are left out, for a rule accepts them; so is all but one of equal ones.

    Args:
        synthetic: The other answers; of its validation and test answers there are as many.
        task: The problems; only its numbers, operators and ranges count, and `train_size`, the number of training problems.
        policy: Who answers: `bundled`, a local directory, or a hub id.
        rollouts: Answers per problem.
        wrong_per_right: Most wrong answers for each right one in the train split; the others are as they come.
        seed: Of the answers.
        name: Name in reports.
    """

    synthetic: CountdownAnswers = CountdownAnswers()
    task: Countdown = Countdown()
    policy: str = BUNDLED
    rollouts: int = 16
    wrong_per_right: float = 3.0
    seed: int = 0
    name: str = "policy_answers"

    def answers(self, split: Split) -> Sequence[LabelledAnswer]:
        """The labelled answers of a split, synthetic ones first; no problem is in two."""
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[LabelledAnswer]]:
        splits: tuple[Split, ...] = ("train", "val", "test")
        return {split: [*self.synthetic.answers(split), *self.of_policy(split)] for split in splits}

    def of_policy(self, split: Split) -> list[LabelledAnswer]:
        """The policy's answers alone."""
        made = list(dict.fromkeys(self._sampled(split)))
        rng = random.Random(f"{self.seed}/{split}")
        rng.shuffle(made)
        if split != "train":
            return made[: len(self.synthetic.answers(split))]
        right, wrong = [a for a in made if a.label and not misleading(a)], [a for a in made if not a.label]
        return right + wrong[: int(self.wrong_per_right * len(right))]

    def _sampled(self, split: Split) -> list[LabelledAnswer]:
        tokenizer, model = load_tokenizer(self.policy), load_policy(self.policy).requires_grad_(False)
        prompts = [replace(p, token_ids=tuple(tokenizer(p.text)["input_ids"])) for p in self.task.prompts(split)]
        ends = end_tokens(tokenizer, model.config, model.generation_config)
        host = EngineHost(
            policy=locate(self.policy),
            live_model=model,
            device=torch.device("cpu"),
            dtype=torch.float32,
            stop_token_ids=ends,
            pad_token_id=padding_token(tokenizer, ends),
            tokenless_ids=tokenless_ids(tokenizer, model.config),
        )
        engine = HFEngine()
        engine.start(host)
        engine.sync([], 0)
        requests = [Request(p, i, request_seed(self.seed, split, 0, i, p.uid)) for i, p in enumerate(prompts)]
        try:
            groups = engine.generate(requests, Sampling(n=self.rollouts, max_tokens=24))
            rollouts = [rollout for group in groups for rollout in group]
        finally:
            engine.close()
        texts = [response_text(tokenizer, r.token_ids, r.finish_reason == "stop").strip() for r in rollouts]
        pairs = zip((r.prompt for r in rollouts), texts, strict=True)
        return [labelled(prompt, text, "policy") for prompt, text in pairs if text != prompt.answer["answer"]]
