"""The prompts of a run: rendered, measured, and with an account of what was left out. What is asked is the tasks'."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Sized
from dataclasses import replace
from typing import Any

from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.rollout.shots import shot_pool
from asym_lit.types import InputError, LeftOut, Prompt, Sampling, SelectiveTask, Split, Task

ShotTokens = Callable[[Prompt], str]
"""Words on how many of a prompt's tokens are demonstrations."""


class PromptSets:
    """Prompts of tasks, made once: rendered, tokenized, without over-long ones.

    Args:
        tokenizer: The policy's.
        form: How questions are put.
        training: What the run trains on; shots come from it where a set has no training split of its own.
        max_prompt_tokens: Longer prompts are left out; 0 to leave out none, and refuse those that cannot fit.
        seed: Of the draw of shots.
    """

    def __init__(self, tokenizer: Any, form: PromptFormat, training: Task, max_prompt_tokens: int = 0, seed: int = 1) -> None:
        self.tokenizer, self.form, self.max_prompt_tokens = tokenizer, form, max_prompt_tokens
        self.training, self.seed = training, seed
        self.made: dict[tuple[str, Split], list[Prompt]] = {}
        self.left_out: dict[tuple[str, Split], list[LeftOut]] = {}
        self.longest = 0
        """Tokens of the longest prompt with the longest response to it, of the sets made so far."""

    def get(self, name: str, split: Split, task: Task, sampling: Sampling, context: int | None) -> list[Prompt]:
        """A split's prompts.

        Args:
            name: Of the set.
            split: Which of the task's.
            task: Where they come from.
            sampling: How they are answered.
            context: Longest sequence of the policy, in tokens; None if it is not known.

        Raises:
            InputError: If a prompt and its longest response do not fit the context, or none is short enough.
        """
        key = (name, split)
        if key not in self.made:
            asked = task.prompts(split)
            if not isinstance(asked, Sized):
                raise InputError(
                    f"{name}: prompts({split!r}) of {type(task).__name__} gives a {type(asked).__name__}, which may never end; "
                    "allowed: a list of problems, for a run goes through them pass by pass. Give as many as it shall know."
                )
            pool = shot_pool(task, self.training, self.form.shots, self.seed)
            rendered = render(asked, self.tokenizer, self.form, pool)
            short = [p for p in rendered if not self.max_prompt_tokens or len(p.token_ids) <= self.max_prompt_tokens]
            shown = shot_tokens(asked, self.tokenizer, self.form) if pool else None
            if rendered and not short:
                shortest = min(rendered, key=lambda prompt: len(prompt.token_ids))
                raise InputError(
                    f"{name}: all {len(rendered)} {split} prompts are longer than data.max_prompt_tokens "
                    f"{self.max_prompt_tokens}; the shortest has {len(shortest.token_ids)} tokens"
                    f"{shown(shortest) if shown else ''}."
                )
            check_lengths(name, short, sampling, context, shown)
            self.longest = max([self.longest, *(len(p.token_ids) + sampling.max_tokens for p in short)])
            earlier = list(task.left_out(split)) if isinstance(task, SelectiveTask) else []
            self.left_out[key] = earlier + [
                LeftOut(p.origin, f"above data.max_prompt_tokens {self.max_prompt_tokens}: {len(p.token_ids)}", p.uid)
                for p in rendered
                if self.max_prompt_tokens and len(p.token_ids) > self.max_prompt_tokens
            ]
            self.made[key] = short
        return self.made[key]


def shot_tokens(asked: Sequence[Prompt], tokenizer: Any, form: PromptFormat) -> ShotTokens:
    """Tells how many tokens of a rendered prompt are its demonstrations.

    Args:
        asked: The prompts as their task gives them.
        tokenizer: The policy's.
        form: How they were put.
    """
    by_uid = {prompt.uid: prompt for prompt in asked}

    def words(prompt: Prompt) -> str:
        (bare,) = render([by_uid[prompt.uid]], tokenizer, replace(form, shots=0))
        return f", {len(prompt.token_ids) - len(bare.token_ids)} of them its {form.shots} shots"

    return words


def check_lengths(
    name: str, prompts: Sequence[Prompt], sampling: Sampling, context: int | None, shown: ShotTokens | None = None
) -> None:
    """Refuse prompts that leave no room for a response.

    Args:
        name: Of their set.
        prompts: Rendered.
        sampling: How they are answered.
        context: Longest sequence of the policy, in tokens; None if it is not known.
        shown: Tells how many of a prompt's tokens are demonstrations; None if there are none.

    Raises:
        InputError: With the first that does not fit, and what would.
    """
    for prompt in prompts:
        if not prompt.token_ids:
            raise InputError(f"{name}: the prompt {prompt.uid!r} has no tokens; a policy cannot start from nothing.")
        if context and len(prompt.token_ids) + sampling.max_tokens > context:
            raise InputError(
                f"{name}: the prompt {prompt.uid!r} has {len(prompt.token_ids)} tokens{shown(prompt) if shown else ''}; with "
                f"max_tokens {sampling.max_tokens} that is more than the policy's context of {context}. Write a max_tokens of "
                f"at most {max(context - len(prompt.token_ids), 0)}, {'fewer shots, ' if shown else ''}or "
                f"--data.max_prompt_tokens {max(context - sampling.max_tokens, 1)} to leave such prompts out."
            )
