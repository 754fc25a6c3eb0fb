"""A maker of rollouts without engine and scorer: what is said to a problem stands in a script."""

from __future__ import annotations

from asym_lit.lit.rollout_maker import RolloutMaker
from fakes import make_rollout


class Scripted(RolloutMaker):
    """Answers with two responses a group: the rewards that are given for (uid, which of its groups in this draw)."""

    def __init__(self, rewards) -> None:
        self.rewards, self.draws = rewards, []

    def _answer(self, made, prompts, stage, step, each=lambda: None):
        self.draws.append([(slot, prompt.uid) for slot, prompt in prompts])
        seen: dict[str, int] = {}
        groups = []
        for slot, prompt in prompts:
            number = seen[prompt.uid] = seen.get(prompt.uid, -1) + 1
            groups.append(
                [make_rollout(prompt=prompt, slot=slot, reward=reward) for reward in self.rewards(prompt.uid, number)]
            )
        made.drawn += len(groups)
        return groups
