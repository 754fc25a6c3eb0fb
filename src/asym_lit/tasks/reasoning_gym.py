"""Logic and other puzzles of the reasoning-gym package, from its seeded generators.

Their scoring is in `verifiers/reasoning_gym.py`.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from hashlib import blake2b
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from asym_lit.types import InputError, Prompt, Split

GENERATOR = Path(__file__).with_name("reasoning_gym_generator.py")


@dataclass(frozen=True)
class ReasoningGym:
    """Problems of one reasoning-gym generator (github.com/open-thought/reasoning-gym), with what its own scoring needs.

    One seeded stream is cut into splits: first test, then validation, then training problems, so the first two do not depend
    on the size of the last. Repeated questions are taken once. They are made in a process of its own, the same in every process
    of a run. A generator that draws anew each time, or whose scoring calls foreign answers right (`coin_flip`,
    `game_of_life_halting`, `puzzle24`), is refused. `asym_lit.verifiers.ReasoningGymScore` decides.

    Args:
        dataset: Name of the generator, such as `knights_knaves`, `mini_sudoku` or `zebra_puzzles`.
        settings: Of the generator, such as `{n_people: 3}`; see its configuration class.
        train_size: Problems drawn for training; fewer if some repeat.
        val_size: Likewise for validation.
        test_size: Likewise for test.
        seed: Of the stream.
        name: Name of the task in metrics and transcripts; the generator's if empty.
    """

    dataset: str
    settings: dict[str, Any] = field(default_factory=dict)
    train_size: int = 4096
    val_size: int = 128
    test_size: int = 256
    seed: int = 0
    name: str = ""

    def __post_init__(self) -> None:
        for size in ("train_size", "val_size", "test_size"):
            if getattr(self, size) < 1:
                raise InputError(f"{size} is {getattr(self, size)}; allowed: 1 or more.")
        if not self.name:
            object.__setattr__(self, "name", self.dataset)

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The problems of a split, without repetition."""
        return self._splits[split]

    @cached_property
    def _splits(self) -> dict[Split, list[Prompt]]:
        entries = self._entries()
        sizes: dict[Split, int] = {"test": self.test_size, "val": self.val_size, "train": self.train_size}
        seen: set[str] = set()
        splits: dict[Split, list[Prompt]] = {}
        start = 0
        for split, size in sizes.items():
            splits[split] = []
            for index in range(start, start + size):
                prompt = self._prompt(entries[index], index)
                if prompt.uid not in seen:
                    seen.add(prompt.uid)
                    splits[split].append(prompt)
            start += size
        return splits

    def _entries(self) -> list[dict[str, Any]]:
        if find_spec("reasoning_gym") is None:
            raise InputError("reasoning-gym is not installed; write pip install 'asym_lit[logic]'.")
        total = self.test_size + self.val_size + self.train_size
        job = {"dataset": self.dataset, "settings": self.settings, "seed": self.seed, "size": total}
        done = subprocess.run(  # noqa: S603 - our own script
            [sys.executable, "-P", str(GENERATOR)],
            input=json.dumps(job),
            env={**os.environ, "PYTHONHASHSEED": "0"},
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            last = (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
            raise RuntimeError(f"reasoning-gym's {self.dataset} failed with {self.settings}: {last}")
        entries = [json.loads(line) for line in done.stdout.splitlines()]
        if "refused" in entries[-1]:
            raise InputError(f"reasoning-gym: {entries[-1]['refused']}")
        return entries

    def _prompt(self, entry: dict[str, Any], index: int) -> Prompt:
        question = entry["question"]
        uid = blake2b(question.encode(), digest_size=8).hexdigest()
        answer = {
            "solution": entry["answer"],
            "question": question,
            "dataset": self.dataset,
            "settings": self.settings,
            "metadata": entry["metadata"],
        }
        return Prompt(uid, question, answer, self.name, origin=f"{self.dataset} with seed {self.seed}, entry {index}")
