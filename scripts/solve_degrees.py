"""Solves for the degrees of freedom that `evaluation/degrees.py` counts, and writes `degrees.json` beside it. Two minutes on one core.

    python scripts/solve_degrees.py

The difference of two arms has the variance `V1 + V2 + Vp`, of their seeds and of the problems; each is estimated as chi-squared over
its degrees. A test that divides by the estimate wants a bound that hangs on how the estimate falls into parts. Here it is found: Student's
at `1 / x` degrees, x a logistic curve between what Satterthwaite's rule would allow at most and the fewest seeds' own, of a polynomial in
the shares, such that the test at 5 % raises 5 % whatever the true parts are: least squares over a grid of them, by LBFGS.
"""

from __future__ import annotations

import json
import sys
from itertools import combinations_with_replacement
from pathlib import Path

import numpy as np
import torch
from scipy.stats import chi2
from scipy.stats import t as student
from scipy.stats.qmc import Sobol
from torch import Tensor

from asym_lit.evaluation.degrees import MOST, TABLE, bounds, features

LEVEL = 0.05
PROBLEMS = 149
"""Degrees of the part of problems; with 15 or 2,000 the size moves by less than 0.3 points."""
GRID = 10
"""Steps of each true share."""


def main() -> None:
    """Solve for every pair and write the table."""
    quantile = logarithm_of_quantile()
    found = {}
    for pair in [(f, 0) for f in range(2, MOST + 1)] + list(combinations_with_replacement(range(2, MOST + 1), 2)):
        weights, least, most = solve(*pair, quantile)
        sys.stdout.write(f"{pair}: {100 * least:.2f} to {100 * most:.2f} %\n")
        found[f"{pair[0]},{pair[1]}"] = [float(f"{weight:.6g}") for weight in weights]
    rows = ",\n".join(f"  {json.dumps(name)}: {json.dumps(weights)}" for name, weights in found.items())
    Path(TABLE).write_text("{\n" + rows + "\n}\n", "utf-8")


def logarithm_of_quantile() -> Tensor:
    """Coefficients of a polynomial in `1 / degrees` from 0 to 1 for the logarithm of Student's quantile; right to 1e-7."""
    x = np.linspace(0, 1, 400)
    values = np.log(student.ppf(1 - LEVEL / 2, 1 / np.maximum(x, 1e-9)))
    return torch.tensor(np.polynomial.Polynomial.fit(x, values, 12).convert().coef)


def solve(first: int, second: int, quantile: Tensor, draws: int = 4096) -> tuple[list[float], float, float]:
    """Weights of the polynomial, and the least and the largest size over the grid.

    Args:
        first: Degrees of the first arm's seeds.
        second: Of the second's, no fewer; 0 if they do not vary.
        quantile: Of `logarithm_of_quantile`.
        draws: Of the three estimates.
    """
    uniform = np.clip(Sobol(3, seed=0).random(draws), 1e-9, 1 - 1e-9)
    estimates = [chi2.ppf(uniform[:, i], f) / f if f else np.zeros(draws) for i, f in enumerate((first, second, PROBLEMS))]
    steps = [(i, j) for i in range(GRID + 1) for j in range(GRID + 1 - i) if second or not j]
    true = np.array([(i, j, GRID - i - j) for i, j in steps]) / GRID
    parts = [true[:, k, None] * estimates[k][None] for k in range(3)]
    whole = sum(parts)
    one, two = parts[0] / whole, parts[1] / whole
    inputs = torch.tensor(features(one, two, first, second))
    floor, top = (torch.tensor(value) for value in bounds(one, two, first, second, PROBLEMS))
    root = torch.tensor(np.sqrt(whole))
    weights = torch.zeros(inputs.shape[-1], dtype=torch.float64, requires_grad=True)

    def sizes() -> Tensor:
        x = floor + (top - floor) * torch.sigmoid(inputs @ weights)
        bound = torch.zeros_like(x)
        for coefficient in quantile.flip(0):
            bound = bound * x + coefficient
        return (2 * torch.special.ndtr(-bound.exp() * root)).mean(1)

    optimizer = torch.optim.LBFGS(
        [weights], max_iter=800, history_size=50, line_search_fn="strong_wolfe", tolerance_grad=1e-10, tolerance_change=1e-13
    )

    def closure() -> Tensor:
        optimizer.zero_grad()
        off = sizes() / LEVEL - 1
        loss = 100 * (off**4).mean() + (off**2).mean() + 1e-6 * (weights**2).mean()
        loss.backward()  # type: ignore[no-untyped-call]
        return loss

    optimizer.step(closure)  # type: ignore[no-untyped-call]
    reached = sizes().detach()
    return weights.tolist(), float(reached.min()), float(reached.max())


if __name__ == "__main__":
    torch.set_num_threads(1)
    main()
