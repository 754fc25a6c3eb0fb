"""Does `power` predict how many studies find what is there? Two minutes on one thread.

    python benchmarks/power.py
    python benchmarks/power.py --studies 200

Each row: a population, a design, the predicted share of significant results, and the share of simulated studies in which
`paired_difference` gives p below 0.05. Problems are drawn anew for each study, responses are binomial.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import expit

from asym_lit.evaluation.paired import paired_difference
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.populations import Population, beta_population, shifted
from asym_lit.evaluation.power import Design, power_of, variances

CASES = (  # a, b, spread, seed spread, k, difference, problems, responses, seeds
    (0.6, 1.4, 0.5, 0.0, 1, 0.02, 150, 16, 1),
    (0.6, 1.4, 0.5, 0.0, 1, 0.03, 150, 16, 1),
    (0.6, 1.4, 0.5, 0.0, 8, -0.03, 300, 16, 1),
    (0.6, 1.4, 0.5, 0.0, 16, 0.05, 60, 16, 1),
    (0.3, 3.0, 0.8, 0.0, 32, -0.04, 500, 64, 1),
    (0.6, 1.4, 0.5, 0.1, 1, 0.03, 150, 16, 3),
    (0.6, 1.4, 0.5, 0.1, 1, 0.04, 300, 16, 3),
    (0.6, 1.4, 0.5, 0.2, 8, 0.05, 300, 32, 3),
    (0.6, 1.4, 0.5, 0.2, 8, -0.05, 300, 32, 5),
    (0.6, 1.4, 0.5, 0.1, 1, 0.03, 200, 8, 8),
)


def simulated(population: Population, k: int, design: Design, studies: int, seed: int = 0) -> float:
    """Share of studies with p below 0.05."""
    rng = np.random.default_rng(seed)
    table = pass_at_k(np.full(design.responses + 1, design.responses), np.arange(design.responses + 1), k)
    logits = np.stack([population.first, population.second])
    found = 0
    for _ in range(studies):
        drawn = logits[:, rng.integers(logits.shape[1], size=design.problems)]
        moved = drawn[:, None, :] + population.seed_spread * rng.standard_normal((2, design.seeds, 1))
        values = table[rng.binomial(design.responses, expit(moved))]
        found += paired_difference(values[0], values[1]).p < 0.05
    return found / studies


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--studies", type=int, default=1000)
    studies = parser.parse_args().studies
    head = ["chances", "spread", "seed spread", "k", "difference", "problems x responses x seeds", "predicted", "simulated"]
    print(f"{studies} simulated studies each\n\n| {' | '.join(head)} |\n|{' --- |' * len(head)}")
    for a, b, spread, seed_spread, k, difference, problems, responses, seeds in CASES:
        population, design = (
            shifted(beta_population(a, b, spread, seed_spread), k, difference),
            Design(problems, responses, seeds),
        )
        said = power_of(variances(population, k, responses), design)
        came = simulated(population, k, design, studies)
        cells = [f"Beta({a}, {b})", spread, seed_spread, k, difference, f"{problems} x {responses} x {seeds}"]
        print(f"| {' | '.join(map(str, cells))} | {said:.1%} | {came:.1%} |", flush=True)


if __name__ == "__main__":
    main()
