"""Splits of generated problems: disjoint under any seed and size, without repetition. Those of data sets are in `splits`."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from hashlib import blake2b

from asym_lit.types import InputError, Prompt, Split

_SPLIT_OF_TEN: dict[int, Split] = {8: "val", 9: "test"}


def split_of(uid: str) -> Split:
    """The split a problem belongs to, from its name alone: 80 % train, 10 % val, 10 % test, and never in two."""
    return _SPLIT_OF_TEN.get(blake2b(uid.encode(), digest_size=8).digest()[0] % 10, "train")


def distinct_prompts(
    draw: Callable[[random.Random, Split], Prompt], sizes: Mapping[Split, int], seed: str, name: str, remedy: str
) -> dict[Split, list[Prompt]]:
    """The prompts of each split.

    Args:
        draw: A random problem of a split.
        sizes: Problems by split.
        seed: Of the draws.
        name: Of the task.
        remedy: What gives more problems, in words.

    Raises:
        InputError: If there are fewer different problems than asked for.
    """
    splits: dict[Split, list[Prompt]] = {}
    for split, size in sizes.items():
        found: dict[str, Prompt] = {}
        for index in range(1000 + 200 * size):
            if len(found) == size:
                break
            prompt = draw(random.Random(f"{seed}/{split}/{index}"), split)
            found.setdefault(prompt.uid, prompt)
        if len(found) < size:
            raise InputError(
                f"{name}: only {len(found)} different {split} problems were found, {size} are asked for; "
                f"write a smaller {split}_size or {remedy}."
            )
        splits[split] = list(found.values())
    return splits
