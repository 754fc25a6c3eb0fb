"""The training history of a run as a source of choices: how often each problem was answered right, time after time.

Choosing by it is in `one_shot`.
"""

from __future__ import annotations

from pathlib import Path

from asym_lit.types import InputError


def read_history(path: Path) -> dict[str, list[float]]:
    """Accuracy of each problem at each time a run trained on it, in order.

    Args:
        path: Of a `history.parquet`.

    Raises:
        InputError: If there is no such history.
    """
    from pyarrow import parquet

    try:
        rows = parquet.read_table(path).to_pylist()
        found: dict[str, list[float]] = {}
        for row in sorted(rows, key=lambda row: int(row["step"])):
            if row["samples"]:
                found.setdefault(row["uid"], []).append(row["correct"] / row["samples"])
    except (OSError, ValueError, KeyError) as fault:
        raise InputError(
            f"There is no training history at {path} ({fault}); it is written by the TrainingHistory callback of a run on "
            "the pool, which must come first."
        ) from fault
    return found
