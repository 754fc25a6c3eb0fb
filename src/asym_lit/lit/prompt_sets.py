"""The prompts of a run: rendered, measured, and with an account of what was left out. What is asked is the tasks'."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any

from lightning.pytorch.utilities import rank_zero_only, rank_zero_warn

from asym_lit.rollout.rendering import PromptFormat, check_lengths, render
from asym_lit.run_folder.paths import LEFT_OUT
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import InputError, LeftOut, Prompt, Sampling, SelectiveTask, Split, Task


class PromptSets:
    """Prompts of tasks, made once: rendered, tokenized, without over-long ones.

    Args:
        tokenizer: The policy's.
        form: How questions are put.
        max_prompt_tokens: Longer prompts are left out; 0 to leave out none, and refuse those that cannot fit.
    """

    def __init__(self, tokenizer: Any, form: PromptFormat, max_prompt_tokens: int = 0) -> None:
        self.tokenizer, self.form, self.max_prompt_tokens = tokenizer, form, max_prompt_tokens
        self._made: dict[tuple[str, Split], list[Prompt]] = {}
        self._left_out: dict[tuple[str, Split], list[LeftOut]] = {}
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
        if key not in self._made:
            rendered = render(task.prompts(split), self.tokenizer, self.form)
            short = [p for p in rendered if not self.max_prompt_tokens or len(p.token_ids) <= self.max_prompt_tokens]
            if rendered and not short:
                raise InputError(
                    f"{name}: all {len(rendered)} {split} prompts are longer than data.max_prompt_tokens "
                    f"{self.max_prompt_tokens}; the shortest has {min(len(p.token_ids) for p in rendered)} tokens."
                )
            check_lengths(name, short, sampling, context)
            self.longest = max([self.longest, *(len(p.token_ids) + sampling.max_tokens for p in short)])
            earlier = list(task.left_out(split)) if isinstance(task, SelectiveTask) else []
            self._left_out[key] = earlier + [
                LeftOut(p.origin, f"above data.max_prompt_tokens {self.max_prompt_tokens}: {len(p.token_ids)}", p.uid)
                for p in rendered
                if self.max_prompt_tokens and len(p.token_ids) > self.max_prompt_tokens
            ]
            self._made[key] = short
        return self._made[key]

    def account(self, folder: Path) -> None:
        """Say how much was left out and why, and list it in `left_out.jsonl`; nothing if nothing was."""
        lines = []
        for (name, split), rows in self._left_out.items():
            lines += [json.dumps({"set": name, "split": split, **_plain(row)}, ensure_ascii=False) for row in rows]
            if rows:
                reasons = Counter(_kind(row.reason) for row in rows).most_common()
                rank_zero_warn(
                    f"{name}, {split}: {len(self._made[name, split])} prompts; {len(rows)} rows are left out "
                    f"({', '.join(f'{count}: {reason}' for reason, count in reasons)}). They are listed in {folder / LEFT_OUT}."
                )
        if lines:
            _write(folder / LEFT_OUT, lines)

    def warn_of_overlap(self) -> None:
        """Warn of training problems that stand in an evaluation set too."""
        trained = {p.uid for (_, split), prompts in self._made.items() if split == "train" for p in prompts}
        for (name, split), prompts in self._made.items():
            shared = [p.uid for p in prompts if p.uid in trained] if split != "train" else []
            if shared:
                rank_zero_warn(
                    f"{len(shared)} of the {len(prompts)} problems of the evaluation set {name} are trained on (uids "
                    f"{', '.join(shared[:3])}{' ...' if len(shared) > 3 else ''}): its pass@k says little of new problems."
                )


@rank_zero_only
def _write(path: Path, lines: list[str]) -> None:
    write_atomically(path, lines)


def _plain(row: LeftOut) -> dict[str, str]:
    return {"origin": row.origin, "uid": row.uid, "reason": row.reason}


def _kind(reason: str) -> str:
    """A reason without what is particular to the row."""
    return reason.split(":", 1)[0]
