"""Supervised training of a judge on labelled answers, and how good it is on unseen questions."""

from __future__ import annotations

import random
from collections.abc import Iterator
from typing import Any

from lightning.pytorch import Callback, LightningDataModule, LightningModule, Trainer
from lightning.pytorch.utilities import rank_zero_info
from torch import Tensor
from typing_extensions import override

from asym_lit.lit.demonstrations.supervised import SupervisedModule
from asym_lit.loggers.run_place import run_folder
from asym_lit.rollout.demonstrations import DemonstrationRow, padded_rows
from asym_lit.run_folder.paths import EXPORT
from asym_lit.run_folder.writing import write_atomically
from asym_lit.types import AnswerSource, InputError, LabelledAnswer, Split
from asym_lit.verifiers.judge.quality import JudgeQuality, best_threshold, by_source
from asym_lit.verifiers.judge.reading import BatchReader, as_chat
from asym_lit.verifiers.judge.settings import JudgeSettings
from asym_lit.verifiers.judge.template import JudgeTemplate

SORTED_AT_ONCE = 16
"""Batches whose rows are sorted by length together, which saves padding."""


class JudgeDataModule(LightningDataModule):
    """Labelled answers as texts to learn: the filled template, then thoughts and verdict, of which only the latter are learned.

    Args:
        source: Where labelled answers come from.
        template: What the judge reads.
        thoughts: Let it write the thought of an answer before its verdict; the template needs a marker then.
        epochs: Passes over the training answers.
        batch_size: Answers per batch.
        seed: Of the order; the run's `seed_everything`.
    """

    def __init__(
        self,
        source: AnswerSource,
        template: JudgeTemplate = JudgeTemplate(),
        thoughts: bool = False,
        epochs: int = 1,
        batch_size: int = 64,
        seed: int = 1,
    ) -> None:
        super().__init__()
        if thoughts and not template.marker:
            raise InputError("thoughts is true and the template has no marker; write one, such as 'Answer:'.")
        self.source, self.template, self.thoughts = source, template, thoughts
        self.epochs, self.batch_size, self.seed = epochs, batch_size, seed

    @property
    def tokenizer(self) -> Any:
        """The one of the judge in training."""
        assert self.trainer is not None and isinstance(self.trainer.lightning_module, SupervisedModule)
        return self.trainer.lightning_module.tokenizer

    @override
    def train_dataloader(self) -> AnswerBatches:
        assert self.trainer is not None
        if self.trainer.world_size > 1:
            raise InputError(f"A judge is trained on one process, not {self.trainer.world_size}; write --trainer.devices 1.")
        return AnswerBatches(self)

    def texts(self, answer: LabelledAnswer) -> tuple[str, str]:
        """What is read, and what is learned."""
        read = self.template.fill(answer.question, answer.gold, answer.candidate)
        thought = f"{answer.thought}{self.template.marker}" if self.thoughts else ""
        return as_chat(self.tokenizer, read), f"{thought}{answer.label}"


class AnswerBatches:
    """The batches of a run, in seeded order, rows of like length together."""

    def __init__(self, data: JudgeDataModule) -> None:
        self.data = data
        self.answers = data.source.answers("train")
        if len(self.answers) < data.batch_size:
            raise InputError(
                f"{data.source.name} has {len(self.answers)} training answers; at least batch_size, {data.batch_size}."
            )

    def __len__(self) -> int:
        return len(self.answers) // self.data.batch_size * self.data.epochs

    def __iter__(self) -> Iterator[tuple[Tensor, Tensor]]:
        size = self.data.batch_size
        for epoch in range(self.data.epochs):
            rng = random.Random(f"{self.data.seed}/{epoch}")
            order = rng.sample(range(len(self.answers)), len(self.answers) // size * size)
            for start in range(0, len(order), SORTED_AT_ONCE * size):
                rows = sorted((self._tokens(i) for i in order[start : start + SORTED_AT_ONCE * size]), key=len)
                batches = [rows[at : at + size] for at in range(0, len(rows), size)]
                rng.shuffle(batches)
                yield from (padded_rows(batch, self.data.tokenizer.pad_token_id or 0) for batch in batches)

    def _tokens(self, index: int) -> DemonstrationRow:
        tokenizer = self.data.tokenizer
        read, learned = self.data.texts(self.answers[index])
        ends = [*tokenizer(learned, add_special_tokens=False)["input_ids"], tokenizer.eos_token_id]
        return DemonstrationRow(tokenizer(read, add_special_tokens=False)["input_ids"], ends)


class JudgeEvaluation(Callback):
    """At the end of training: chooses the threshold on validation answers, measures on test answers, writes both down.

    The judge is asked as it will be asked in a run: it writes its thoughts and its verdict itself.

    Args:
        max_false_accepts: The threshold is the lowest one with at most this share of wrong validation answers accepted.
        max_tokens: Longest reply, thoughts included.
        batch_size: Answers judged at once.
        weigh_thoughts: Multiply the probability of True by that of the least certain token of the thoughts.
    """

    def __init__(
        self, max_false_accepts: float = 0.01, max_tokens: int = 8, batch_size: int = 256, weigh_thoughts: bool = False
    ) -> None:
        if not 0 <= max_false_accepts <= 1:
            raise InputError(f"max_false_accepts is {max_false_accepts}; allowed: 0 to 1.")
        self.max_false_accepts, self.max_tokens, self.batch_size = max_false_accepts, max_tokens, batch_size
        self.weigh_thoughts = weigh_thoughts

    @override
    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        data = getattr(trainer, "datamodule", None)
        assert isinstance(pl_module, SupervisedModule) and isinstance(data, JudgeDataModule)
        reader = BatchReader(pl_module.model, pl_module.tokenizer, self.max_tokens, data.template.marker, self.batch_size)
        threshold = best_threshold(*self._judged(reader, data, "val")[:2], self.max_false_accepts)
        chances, labels, sources = self._judged(reader, data, "test")
        settings = JudgeSettings(data.template.text, data.template.marker, threshold, self.max_tokens, self.weigh_thoughts)
        table = JudgeQuality.measure(chances, labels, threshold).table()
        table = f"{table}\n\n{by_source(chances, labels, sources, threshold)}"
        folder = run_folder(trainer)
        write_atomically(folder / EXPORT / JudgeSettings.FILE, [settings.to_json()])
        write_atomically(folder / "judge_quality.md", [table])
        rank_zero_info(f"Judge   {folder / EXPORT}\n{table}")

    def _judged(
        self, reader: BatchReader, data: JudgeDataModule, split: Split
    ) -> tuple[list[float | None], list[bool], list[str]]:
        """Probabilities that the answers are right, whether they are, and where each is from."""
        answers = data.source.answers(split)
        if not answers:
            raise InputError(f"{data.source.name} has no {split} answers; a judge is measured on answers it has not seen.")
        opinions = reader.read([data.template.fill(a.question, a.gold, a.candidate) for a in answers])
        chances = [opinion.probability(self.weigh_thoughts) for opinion in opinions]
        return chances, [a.label for a in answers], [a.source for a in answers]
