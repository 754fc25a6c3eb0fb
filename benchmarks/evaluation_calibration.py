"""Do intervals and bands cover, and does the paired test raise as many false alarms as it says? Ten minutes on one thread.

    python benchmarks/evaluation_calibration.py
    python benchmarks/evaluation_calibration.py --only bands --rounds 200

Problems have chances of being solved from a Beta distribution; "truth" is the mean over that whole distribution for the
bootstrap, and over the drawn problems for the posterior. False alarms: two arms that differ in nothing, problems in
common, seeds that shift everything by `seed spread` logits (of either arm), and each (seed, problem) by 0.3. Bands are to
hold the true difference at every k from 1 to n together: of arms that differ in nothing, and of a sharpened one, whose logits
are stretched by 1.6, so that it gains at small k and loses at large ones.
"""

from __future__ import annotations

import argparse

import numpy as np
from scipy.special import betaln

from asym_lit.evaluation.intervals import beta_pass_at_k, bootstrap_mean
from asym_lit.evaluation.paired import paired_difference
from asym_lit.evaluation.pass_at_k import pass_at_k
from asym_lit.evaluation.simultaneous import pass_at_every_k, simultaneous_band

BASE_ROWS = (
    (1, 1, 0.0),
    (2, 2, 0.3),
    (3, 3, 0.3),
    (3, 3, 0.0),
    (5, 5, 0.3),
    (2, 1, 0.3),
    (3, 1, 0.3),
    (3, 1, 0.1),
    (5, 1, 0.3),
)
"""Seeds of an arm, evaluations of its base policy, and what the seeds vary in logits."""


def coverage(rounds: int, problems: int, n: int, k: int, a: float, b: float) -> tuple[float, float]:
    """Share of data sets whose interval holds the truth: bootstrap, posterior."""
    rng = np.random.default_rng(k)
    truth = 1 - np.exp(betaln(a, b + k) - betaln(a, b))
    hits = [0, 0]
    for _ in range(rounds):
        p = rng.beta(a, b, problems)
        c = rng.binomial(n, p)
        found = bootstrap_mean(pass_at_k(np.full(problems, n), c, k))
        hits[0] += found.low <= truth <= found.high
        found = beta_pass_at_k(np.full(problems, n), c, k, prior=(a, b))
        hits[1] += found.low <= (1 - (1 - p) ** k).mean() <= found.high
    return hits[0] / rounds, hits[1] / rounds


def alarms(
    rounds: int,
    seeds: tuple[int, int],
    spread: tuple[float, float],
    k: int,
    untrained: bool = False,
    problems: int = 150,
    n: int = 64,
) -> float | None:
    """Share of comparisons of arms that differ in nothing with p below 0.05, of those that have one; None where most have none.

    Args:
        rounds: Simulated data sets.
        seeds: By arm.
        spread: Of seeds in logits, by arm.
        k: Of pass@k.
        untrained: The second arm is the base policy: its seeds do not vary, neither altogether nor problem by problem.
        problems: In common.
        n: Responses to each.
    """
    rng = np.random.default_rng([*seeds, k])
    table = pass_at_k(np.full(n + 1, n), np.arange(n + 1), k)
    found = refused = 0
    for _ in range(rounds):
        easy = rng.normal(-1.5, 1.5, problems)
        values = []
        for arm, (count, wide) in enumerate(zip(seeds, spread, strict=True)):
            single = rng.normal(0, 0.0 if untrained and arm else 0.3, (count, problems))
            chances = 1 / (1 + np.exp(-(easy + single + rng.normal(0, wide, (count, 1)))))
            if untrained and arm:
                chances = np.broadcast_to(alike(easy, spread[0], k), (count, problems))
            values.append(table[rng.binomial(n, chances)])
        one = paired_difference(values[0], values[1], second_untrained=untrained)
        found += one.p < 0.05
        refused += one.few_seeds
    return found / (rounds - refused) if refused < rounds / 2 else None


def alike(easy: np.ndarray, spread: float, k: int) -> np.ndarray:
    """By problem, the chance whose pass@k is that of policies that vary by `spread` and 0.3 logits, on average; by quadrature.

    What seeds vary moves pass@k on average, as logits are no shares; that is no false alarm.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(15)
    missed = 1 / (1 + np.exp(easy + np.hypot(spread, 0.3) * nodes[:, None]))
    found: np.ndarray = 1 - np.average(missed**k, axis=0, weights=weights) ** (1 / k)
    return found


def band_coverage(
    rounds: int,
    seeds: tuple[int, int],
    spread: tuple[float, float] = (0.0, 0.0),
    stretch: float = 1.0,
    untrained: bool = False,
    problems: int = 150,
    n: int = 64,
) -> tuple[float, float]:
    """Share of data sets in which the truth at every k lies within the band of the difference, and within all plain intervals.

    Args:
        rounds: Simulated data sets.
        seeds: By arm.
        spread: Of seeds in logits, by arm.
        stretch: What the first arm's logits are multiplied by.
        untrained: The second arm is the base policy: its seeds do not vary, neither altogether nor problem by problem.
        problems: In common.
        n: Responses to each.
    """
    rng = np.random.default_rng(seeds[0])
    single = (0.3 if seeds[0] > 1 else 0.0, 0.0 if untrained or seeds[1] == 1 else 0.3)
    wide = [np.sqrt((1.5 * by) ** 2 + s**2 + e**2) for by, s, e in zip((stretch, 1.0), spread, single, strict=True)]
    truth = marginal(-1.5 * stretch, wide[0], n) - marginal(-1.5, wide[1], n)
    hits = [0, 0]
    for _ in range(rounds):
        easy = rng.normal(-1.5, 1.5, problems)
        values = []
        for count, by, s, e in zip(seeds, (stretch, 1.0), spread, single, strict=True):
            logits = by * easy + rng.normal(0, s, (count, 1)) + rng.normal(0, e, (count, problems))
            right = rng.binomial(n, 1 / (1 + np.exp(-logits)))
            values.append(np.stack([pass_at_every_k(np.full(problems, n), one, n) for one in right]))
        band = simultaneous_band(values[0], values[1], draws=2000)
        hits[0] += bool(np.all((band.low <= truth) & (truth <= band.high)))
        plain = [paired_difference(values[0][:, :, i], values[1][:, :, i], second_untrained=untrained) for i in range(n)]
        hits[1] += all(one.few_seeds or one.low <= value <= one.high for one, value in zip(plain, truth, strict=True))
    return hits[0] / rounds, hits[1] / rounds


def marginal(middle: float, wide: float, n: int) -> np.ndarray:
    """pass@k at k = 1 to n, mean over problems and seeds whose logits are normal, by quadrature."""
    nodes, weights = np.polynomial.hermite_e.hermegauss(80)
    missed = 1 / (1 + np.exp(middle + wide * nodes))
    return np.array([1 - np.average(missed**k, weights=weights) for k in range(1, n + 1)])


def bands(rounds: int) -> None:
    print(
        "| seeds | seed spread | the first arm | band holds every k | all plain intervals do |\n| --- | --- | --- | --- | --- |"
    )
    cases = [((1, 1), (0.0, 0.0), False), ((3, 3), (0.3, 0.3), False), ((5, 5), (0.3, 0.3), False), ((3, 3), (0.0, 0.0), False)]
    cases += [((2, 2), (0.3, 0.3), False), *(((s, s), (0.3, 0.0), untrained) for untrained in (False, True) for s in (2, 3, 5))]
    for seeds, spread, untrained in cases:
        for stretch, words in ((1.0, "is like the second"), (1.6, "is sharpened")):
            band, plain = band_coverage(rounds, seeds, spread, stretch, untrained)
            base = ", against the base policy" if untrained else ""
            single = "refused" if 2 in seeds else f"{plain:.1%}"
            print(f"| {seeds[0]} | {spread[0]}, {spread[1]}{base} | {words} | {band:.1%} | {single} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=2000)
    parser.add_argument("--only", choices=("intervals", "bands"))
    given = parser.parse_args()
    print(f"{given.rounds} simulated data sets each\n")
    if given.only != "bands":
        intervals(given.rounds)
        print()
    if given.only != "intervals":
        bands(given.rounds)


def intervals(rounds: int) -> None:
    print("| problems x n | k | distribution | bootstrap covers | posterior covers |")
    print("| --- | --- | --- | --- | --- |")
    for problems, n, k, a, b in ((150, 16, 1, 0.6, 1.4), (150, 16, 8, 0.6, 1.4), (256, 64, 64, 0.6, 1.4), (150, 16, 4, 1, 1)):
        plain, posterior = coverage(rounds, problems, n, k, a, b)
        print(f"| {problems} x {n} | {k} | Beta({a}, {b}) | {plain:.1%} | {posterior:.1%} |", flush=True)
    print("\n| seeds by arm | seed spread | false alarms at 5 %: k = 1 | k = 8 | k = 64 |\n| --- | --- | --- | --- | --- |")
    alike = [((s, s), (wide, wide), False) for s, wide in ((1, 0.0), (2, 0.3), (3, 0.3), (4, 0.3), (5, 0.3), (3, 0.0))]
    one_varies = [((s, s), (0.3, 0.0), False) for s in (2, 3, 4, 5)]
    # With one seed the test is about that trained policy, which does differ from its base where seeds vary.
    base = [((s, t), (wide, 0.0), True) for s, t, wide in BASE_ROWS]
    for seeds, spread, untrained in alike + one_varies + base:
        shares = [alarms(rounds, seeds, spread, k, untrained) for k in (1, 8, 64)]
        cells = " | ".join("refused" if share is None else f"{share:.1%}" for share in shares)
        words = ", against the base policy" if untrained else ""
        print(f"| {seeds[0]}, {seeds[1]} | {spread[0]}, {spread[1]}{words} | {cells} |", flush=True)


if __name__ == "__main__":
    main()
