"""Back from metrics of a problem to its counts: which c of n responses gives the very values that a harness wrote.

pass@k loses what it does not need: at `c > n - k` it is 1 whatever c is. Then several c fit, and none is chosen.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import numpy as np

from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.types import InputError

NAMES = (
    re.compile(r"pass@k:(?=.*\bk=(?P<k>\d+))(?:.*\bn=(?P<n>\d+))?.*"),  # lighteval 0.13: pass@k:k=1&n=16
    re.compile(r"(?:\w+_)?pass@(?P<k>\d+)(?::(?P<n>\d+)_samples)?"),  # lm_eval's code_eval; lighteval before: pass@1:16_samples
    re.compile(r"avg@n:n=(?P<n>\d+)"),
    re.compile(r"avg@(?P<n>\d+)"),
)
"""Metrics that n and c alone decide: pass@k, and avg@n, which is pass@1."""
ROUNDING = 1e-6


def decided_by_counts(name: str, drawn: int) -> tuple[int, int] | None:
    """n and k of a metric called so, if n and c alone decide it.

    Args:
        name: Of the metric.
        drawn: Responses of the problem, where the name does not say of how many it is.
    """
    for form in NAMES:
        if found := form.fullmatch(name):
            given = found.groupdict()
            return int(given.get("n") or drawn), int(given.get("k") or 1)
    return None


def counts_of(metrics: Mapping[str, float], drawn: int, where: str) -> tuple[int, int]:
    """The n and the one c that give these values of pass@k and avg@n.

    Args:
        metrics: By name; each of `decided_by_counts`.
        drawn: Responses of the problem.
        where: For messages.

    Raises:
        InputError: If no c gives them, several do, or they are of other numbers of responses than one.
    """
    parts = {name: found for name in metrics if (found := decided_by_counts(name, drawn))}
    sizes = {n for n, _ in parts.values()}
    shown = ", ".join(f"{name} = {value}" for name, value in metrics.items())
    if len(sizes) > 1 or max(sizes) > drawn:
        raise InputError(
            f"{where}: {shown} are of {' and '.join(map(str, sorted(sizes)))} responses, and the row has {drawn}; name one "
            "with --verdict that is of no more."
        )
    n = sizes.pop()
    fits = np.ones(n + 1, dtype=bool)
    for name, (_, k) in parts.items():
        if k > n:
            raise InputError(f"{where}, {name}: k is {k}, of {n} responses; no estimate exists there.")
        fits &= np.abs(pass_at_k(np.full(n + 1, n), np.arange(n + 1), k) - metrics[name]) < ROUNDING
    fitting = np.flatnonzero(fits)
    if not fitting.size:
        raise InputError(
            f"{where}: no number of right ones among {n} responses gives {shown}; it is no such metric, or not of {n}."
        )
    if fitting.size > 1:
        raise InputError(
            f"{where}: {fitting[0]} to {fitting[-1]} right ones of {n} all give {shown}, so c cannot be told. Have the harness "
            'write pass@1 too (k: [1, ...]), or write {"id": ..., "correct": true or false} for each response.'
        )
    return n, int(fitting[0])
