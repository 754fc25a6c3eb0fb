"""How often each problem was answered right, time after time: the history of a run of ours, or the accuracies of another's.

Choosing by it is in `one_shot`; what was learned and lost is read off it in `evaluation/histories.py`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from asym_lit.types import InputError

EXAMPLE = '{"124": [0.0, 0.125, 0.5], "267": [1.0, 0.875, 1.0]}'
MOST_RESPONSES = 256
"""Looked for behind accuracies; with more, accuracies of three decimals fit any number."""
ROUNDED = 5e-4
"""How far an accuracy may be from a share of whole responses: three decimals are enough."""


def read_history(path: Path) -> dict[str, list[float]]:
    """Accuracy of each problem at each time a run trained on it, in order.

    Args:
        path: Of a `history.parquet`, or of a JSON object of accuracies by problem.

    Raises:
        InputError: If there is no such history, or a problem or visit of it is not what it should be.
    """
    if path.suffix == ".json":
        return _accuracies(path)
    return {uid: [right / n for n, right in visits] for uid, visits in _counted(path).items()}


def read_visits(path: Path, responses: int = 0) -> dict[str, list[tuple[int, int]]]:
    """Responses to each problem and right ones among them, at each visit, in order.

    Args:
        path: As in `read_history`.
        responses: To a problem at a visit, where a file holds accuracies alone; 0 for the fewest that all of them can be
            shares of. A history of counts has them.

    Raises:
        InputError: As in `read_history`; or if an accuracy is no share of so many responses.
    """
    if path.suffix != ".json":
        return _counted(path)
    found = _accuracies(path)
    n = responses or _fewest_responses(found, path)
    return {
        uid: [(n, _right(share, n, f"{path}, problem {uid!r}, visit {i}")) for i, share in enumerate(shares, start=1)]
        for uid, shares in found.items()
    }


def _counted(path: Path) -> dict[str, list[tuple[int, int]]]:
    """Of a history of counts, in the order of steps; visits without a decided response are left out."""
    from pyarrow import parquet

    try:
        rows = sorted(enumerate(parquet.read_table(path).to_pylist(), start=1), key=lambda row: int(row[1]["step"]))
        counts = [(i, row["uid"], row["samples"], row["correct"]) for i, row in rows]
    except (OSError, ValueError, KeyError, TypeError) as fault:
        raise InputError(
            f"There is no training history at {path} ({fault}); it is written by the TrainingHistory callback of a run on "
            f"the pool, which must come first. Accuracies of another run: a .json file, {EXAMPLE}."
        ) from fault
    found: dict[str, list[tuple[int, int]]] = {}
    for i, uid, n, right in counts:
        if not isinstance(n, int) or n < 0:
            raise InputError(f"{path}, row {i}, field samples: it is {n}; allowed: a number of responses, 0 or more.")
        if not isinstance(right, int) or not 0 <= right <= n:
            raise InputError(f"{path}, row {i}, field correct: it is {right} of {n} responses; allowed: 0 to {n}.")
        if n:
            found.setdefault(uid, []).append((n, right))
    return found


def _accuracies(path: Path) -> dict[str, list[float]]:
    """A JSON object: the accuracies of each problem, visit after visit."""
    try:
        given = json.loads(path.read_text(encoding="utf-8-sig"), object_pairs_hook=lambda pairs: _Once(pairs, path))
    except InputError:
        raise
    except (OSError, ValueError, RecursionError) as fault:
        raise InputError(f"{path} cannot be read as JSON ({fault}); write accuracies by problem, {EXAMPLE}.") from fault
    if not isinstance(given, Mapping) or not given:
        raise InputError(f"{path} holds {_short(given)}; allowed: an object with accuracies by problem, {EXAMPLE}.")
    return {uid: _shares(value, f"{path}, problem {uid!r}") for uid, value in given.items()}


class _Once(dict[str, Any]):
    """An object that names each problem once; plain JSON would keep the last and say nothing."""

    def __init__(self, pairs: Sequence[tuple[str, Any]], path: Path) -> None:
        super().__init__(pairs)
        if len(self) < len(pairs):
            names = [name for name, _ in pairs]
            twice = next(name for i, name in enumerate(names) if name in names[:i])
            raise InputError(f"{path}, problem {twice!r}: it is there twice; write all its visits in one list.")


def _shares(given: object, where: str) -> list[float]:
    if not isinstance(given, list) or not given:
        raise InputError(f"{where}: it has {_short(given)}; allowed: a list of accuracies, one a visit, such as [0.0, 0.125].")
    for i, share in enumerate(given, start=1):
        if isinstance(share, bool) or not isinstance(share, int | float) or not 0 <= share <= 1:  # NaN is in no bounds
            like = f" A percentage is written {share / 100:g}." if _is_percentage(share) else ""
            raise InputError(f"{where}, visit {i}: it is {_short(share)}; allowed: an accuracy, 0 to 1.{like}")
    return [float(share) for share in given]


def _is_percentage(given: object) -> bool:
    return isinstance(given, int | float) and 1 < given <= 100


def _fewest_responses(found: Mapping[str, Sequence[float]], path: Path) -> int:
    """The smallest number of responses that every accuracy is a share of."""
    values = sorted({share for shares in found.values() for share in shares})
    for n in range(1, MOST_RESPONSES + 1):
        if all(abs(share * n - round(share * n)) <= ROUNDED * n for share in values):
            return n
    raise InputError(
        f"{path}: no number of responses up to {MOST_RESPONSES} has all these accuracies as shares; say how many there were, "
        "--responses 8, or write accuracies with more decimals."
    )


def _right(share: float, n: int, where: str) -> int:
    right = round(share * n)
    if abs(share - right / n) > ROUNDED:
        raise InputError(
            f"{where}: accuracy {share:g} is no share of {n} responses; the nearest is {right} of them, {right / n:g}."
        )
    return right


def _short(given: object) -> str:
    words = json.dumps(given, ensure_ascii=False, default=str)
    return words if len(words) <= 40 else words[:39] + "…"
