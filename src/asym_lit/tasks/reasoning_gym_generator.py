"""A process that makes problems of reasoning-gym; it is run as a script of its own and imports nothing of this package.

Some generators walk over sets of strings, whose order hangs on the hash seed of the process: ranks would train on different
problems. The caller starts this one with a fixed seed. Others make all items at once, by the size of the data set: so problems
come in blocks of one size, whatever is asked for. What draws differently a second time, or scores a foreign answer as right, is
refused here.

It reads `{"dataset": ..., "settings": ..., "seed": ..., "size": ...}` and writes a JSON line for each problem; or one with what
is wrong, `{"refused": ...}`.
"""

from __future__ import annotations

import json
import os
import random
import sys
from collections.abc import Iterator
from fractions import Fraction
from typing import Any

BLOCK = 512
"""Problems of one data set. Generators that draw by item use seed + item, so blocks join to the stream of a large one."""
TRIED = 8
"""Problems whose scoring is tried."""
FOREIGN = ("0", "1", "True", "False", "no idea", "-7.5")
"""Answers that are wrong unless they are the solution."""
ALLOWED = 1
"""Foreign answers that may be right by chance: some problems have several solutions."""


class RefusedError(Exception):
    """The generator cannot be used."""


def block(job: dict[str, Any], number: int) -> Any:
    """One data set of the stream."""
    from reasoning_gym.factory import DATASETS, create_dataset

    if job["dataset"] not in DATASETS:
        raise RefusedError(f"has no generator {job['dataset']!r}; it has {', '.join(sorted(DATASETS))}.")
    seed = job["seed"] + number * BLOCK
    random.seed(seed)  # for generators that draw from the module
    try:
        made = create_dataset(job["dataset"], seed=seed, size=BLOCK, **job["settings"])
        made[0]
    except (TypeError, ValueError, AssertionError) as fault:
        raise RefusedError(f"{job['dataset']} cannot be made with {job['settings']}: {fault}") from fault
    return made


def problems(job: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The problems of the stream, as plain types."""
    made = block(job, 0)
    first = [plain(made[index]) for index in range(TRIED)]
    again = block(job, 0)
    if first != [plain(again[index]) for index in range(TRIED)]:
        raise RefusedError(f"{job['dataset']} makes other problems each time, whatever the seed.")
    check_scoring(job["dataset"], again, first)
    made = block(job, 0)
    for index in range(job["size"]):
        if index and index % BLOCK == 0:
            made = block(job, index // BLOCK)
        yield plain(made[index % BLOCK])


def plain(entry: dict[str, Any]) -> dict[str, Any]:
    """A problem as JSON holds it."""
    answer = None if entry["answer"] is None else str(entry["answer"])
    return {"question": entry["question"], "answer": answer, "metadata": packed(entry["metadata"])}


def check_scoring(name: str, made: Any, entries: list[dict[str, Any]]) -> None:
    """Refuse a scorer that loses its solution on the way through JSON, or pays for foreign answers."""
    paid = []
    for index, entry in enumerate(entries):
        back = {**entry, "metadata": unpacked(entry["metadata"])}
        if entry["answer"] is not None and score(made, entry["answer"], made[index]) != score(made, entry["answer"], back):
            raise RefusedError(f"The scoring of reasoning-gym's {name} works on objects that no transcript can hold.")
        others = [
            other["answer"] for other in entries if other["answer"] is not None and other["question"] != entry["question"]
        ]
        for answer in dict.fromkeys((*others, *FOREIGN)):
            if entry["answer"] is not None and not equal(answer, entry["answer"]) and score(made, answer, back) >= 1:
                paid.append(f"{answer!r} for {entry['answer']!r}")
    if len(paid) > ALLOWED:
        raise RefusedError(f"The scoring of reasoning-gym's {name} calls wrong answers right: {', '.join(paid[:3])}.")


def score(made: Any, answer: str, entry: dict[str, Any]) -> float:
    """What an answer gets; an answer that the scorer cannot read gets nothing."""
    try:
        return float(made.score_answer(answer, entry))
    except Exception:
        return 0.0


def equal(one: str, other: str) -> bool:
    """The same letters, or the same number."""
    try:
        return Fraction(one) == Fraction(other)
    except (ValueError, ZeroDivisionError):
        return one.strip().casefold() == other.strip().casefold()


def packed(value: Any) -> Any:
    """A value as JSON, with the types that JSON would lose written beside it."""
    if isinstance(value, dict):
        if all(isinstance(key, str) and not key.startswith("<") for key in value):
            return {key: packed(item) for key, item in value.items()}
        return {"<dict>": [[packed(key), packed(item)] for key, item in value.items()]}
    if isinstance(value, tuple | set | frozenset):
        name = "tuple" if isinstance(value, tuple) else "set"
        return {f"<{name}>": [packed(item) for item in value]}
    if isinstance(value, list):
        return [packed(item) for item in value]
    if isinstance(value, Fraction):
        return {"<fraction>": str(value)}
    if value is None or type(value) in (bool, int, float, str):
        return value
    return value.item() if hasattr(value, "item") else str(value)


def unpacked(value: Any) -> Any:
    """The value that was packed."""
    if isinstance(value, list):
        return [unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    made = {"<tuple>": tuple, "<set>": set, "<dict>": dict, "<fraction>": Fraction}
    for name, kind in made.items():
        if list(value) == [name]:
            return kind(unpacked(value[name]))
    return {key: unpacked(item) for key, item in value.items()}


def main() -> None:
    """Write the problems, or why there are none."""
    lines = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)  # whatever a library prints is no problem
    try:
        for problem in problems(json.load(sys.stdin)):
            print(json.dumps(problem), file=lines)
    except RefusedError as fault:
        print(json.dumps({"refused": str(fault)}), file=lines)
    lines.flush()


if __name__ == "__main__":
    main()
