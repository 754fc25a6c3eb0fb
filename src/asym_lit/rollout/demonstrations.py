"""Demonstrations as tokens: put as a policy is asked, of like length together. What is learned from them is in `lit/`."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import count, islice
from typing import Any

import torch
from torch import Tensor

from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.shapes import Int
from asym_lit.types import DemonstratedTask, InputError, Prompt

IGNORED = -100
"""Target of a token that is only read."""
POOL = 16
"""Batches are cut from this many batches' worth of demonstrations sorted by length: a third less padding to compute."""
MOST_LEFT_OUT = 1000
"""Demonstrations in a row that may be too long."""


@dataclass(frozen=True, slots=True)
class DemonstrationRow:
    """What is read, and what is learned behind it, as token ids."""

    read: Sequence[int]
    learned: Sequence[int]

    def __len__(self) -> int:
        return len(self.read) + len(self.learned)


def padded_rows(rows: Sequence[DemonstrationRow], pad: int) -> tuple[Int[Tensor, "B S"], Int[Tensor, "B S"]]:
    """Token ids and targets; targets are IGNORED on what is only read, and on padding."""
    width = max(len(row) for row in rows)
    ids_BS = torch.full((len(rows), width), pad)
    targets_BS = torch.full((len(rows), width), IGNORED)
    for i, row in enumerate(rows):
        ids_BS[i, : len(row)] = torch.tensor([*row.read, *row.learned])
        targets_BS[i, len(row.read) : len(row)] = torch.tensor(row.learned)
    return ids_BS, targets_BS


@dataclass(frozen=True)
class DemonstrationBatches:
    """The batches of a run of given length: the first demonstrations of a stream that are short enough, each once.

    Args:
        task: What is demonstrated.
        tokenizer: The policy's.
        steps: Batches.
        batch_size: Demonstrations per batch.
        seed: Of the stream and the order.
        form: How questions are put.
        lead: Text that each response begins with.
        max_tokens: Longer demonstrations are left out, prompt, response and end together; 0 for none.
        context: Longest row of the policy; None if it is not known.
    """

    task: DemonstratedTask
    tokenizer: Any
    steps: int
    batch_size: int
    seed: int
    form: PromptFormat = PromptFormat()
    lead: str = ""
    max_tokens: int = 0
    context: int | None = None

    def __len__(self) -> int:
        return self.steps

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        rows = self._short()
        pad = self.tokenizer.pad_token_id
        for first in range(0, self.steps, POOL):
            batches = min(POOL, self.steps - first)
            pool = sorted(islice(rows, batches * self.batch_size), key=len)
            for place in random.Random(f"pool/{self.seed}/{first}").sample(range(batches), batches):
                cut = pool[place * self.batch_size : (place + 1) * self.batch_size]
                yield padded_rows(cut, self.tokenizer.eos_token_id if pad is None else pad)

    def rows(self, shown: Sequence[tuple[Prompt, str]]) -> list[DemonstrationRow]:
        """Demonstrations as tokens; what is learned ends with the end-of-sequence token."""
        prompts = render([prompt for prompt, _ in shown], self.tokenizer, self.form)
        texts = [f"{self.lead}{response}" for _, response in shown]
        responses = self.tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"]
        end = self.tokenizer.eos_token_id
        return [DemonstrationRow(p.token_ids, [*r, end]) for p, r in zip(prompts, responses, strict=True)]

    def _short(self) -> Iterator[DemonstrationRow]:
        too_long = 0
        for first in count(0, self.batch_size):
            for row in self.rows([self.task.demonstration(self.seed, first + i) for i in range(self.batch_size)]):
                if not self.max_tokens or len(row) <= self.max_tokens:
                    self._check(row)
                    too_long = 0
                    yield row
                    continue
                too_long += 1
                if too_long > MOST_LEFT_OUT:
                    raise InputError(
                        f"{MOST_LEFT_OUT} demonstrations of {self.task.name} in a row are longer than data.max_tokens "
                        f"{self.max_tokens}, the last by {len(row) - self.max_tokens}; write a larger one."
                    )

    def _check(self, row: DemonstrationRow) -> None:
        if self.context and len(row) > self.context:
            raise InputError(
                f"A demonstration of {self.task.name} has {len(row)} tokens, the policy's context {self.context}; write "
                f"--data.max_tokens {self.context} to leave such ones out."
            )
