"""A plan of studies, written as a table and a picture. Statistics are in `evaluation/`, words and pictures in `reports/`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from asym_lit.commands.compare.count_files import read_arms, split_words
from asym_lit.evaluation.counted import CountedArm, compare_counts
from asym_lit.evaluation.paired import FEWEST_SEEDS
from asym_lit.evaluation.pass_at_k import powers_of_two
from asym_lit.evaluation.pilots import Counts, pilot_population, spread_of
from asym_lit.evaluation.plans import Plan, planned
from asym_lit.evaluation.populations import Population, beta_population
from asym_lit.reports.power_figure import power_figure
from asym_lit.reports.power_words import power_text
from asym_lit.run_folder.writing import folder_for, write_atomically, write_json
from asym_lit.types import InputError


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class Power:
    """What is to be shown, and with what.

    Args:
        out: Folder of the report.
        beta: a and b of the Beta distribution of problems' chances, for a plan without a pilot.
        k: Budget.
        difference: Of pass@k, between the arms; negative for a loss.
        power: Chance to show it, at p below 0.05 and this budget alone.
        responses: Numbers of responses to a problem; empty for k and the next three powers of two.
        seeds: Numbers of training seeds in each arm: 1 speaks of two policies, 3 or more of two methods.
        spread: Logits by which an arm moves problems apart, beyond what it moves all; a pilot of two arms says it itself.
        seed_spread: Logits by which training seeds move all problems of an arm.
    """

    out: str = "runs/power"
    beta: list[float] = field(default_factory=list)
    k: int = 1
    difference: float = 0.03
    power: float = 0.8
    responses: list[int] = field(default_factory=list)
    seeds: list[int] = field(default_factory=lambda: [1, 3, 5])
    spread: float = 0.5
    seed_spread: float = 0.1


def write_power(settings: Power, words: Sequence[str]) -> tuple[Plan, Path]:
    """Plans studies and writes `power.md`, `power.json` and `power.png`.

    Args:
        settings: What is to be shown.
        words: Files of a pilot's counts: of the base, then of one arm, if there are any.

    Returns:
        The plan, and where it says so.

    Raises:
        InputError: If a setting or the pilot will not do.
    """
    if settings.k < 1 or not 0.05 < settings.power < 1 or not settings.difference:
        raise InputError(
            f"k is {settings.k}, power {settings.power} and difference {settings.difference}; allowed: k of at least 1, power "
            "between 0.05 and 1, and a difference that is not 0."
        )
    responses = settings.responses or [n for n in powers_of_two(64 * settings.k) if n >= settings.k][:4]
    low = [n for n in responses if n < settings.k]
    if low:
        raise InputError(f"responses holds {low[0]}; allowed: at least k = {settings.k}, for no unbiased pass@k exists below.")
    few = [s for s in settings.seeds if s < 1 or 1 < s < FEWEST_SEEDS]
    if few:
        raise InputError(f"seeds holds {few[0]}; allowed: 1, or at least {FEWEST_SEEDS}: two say too little of others.")
    folder = folder_for(settings.out)
    population, chances = _population(settings, words)
    spread = spread_of(population)
    plan = planned(population, settings.k, settings.difference, responses, settings.seeds, settings.power, chances, spread)
    write_atomically(folder / "power.md", [power_text(plan)])
    write_json(folder / "power.json", plan.as_dict())
    power_figure(plan).savefig(folder / "power.png", dpi=110, metadata={"Software": None})
    return plan, folder / "power.md"


def _population(settings: Power, words: Sequence[str]) -> tuple[Population, str]:
    if bool(words) == bool(settings.beta):
        raise InputError("Give a pilot (base=base.jsonl, and an arm if there is one) or --beta '[0.6, 1.4]', not both or none.")
    if not words:
        if len(settings.beta) != 2:
            raise InputError(f"beta is {settings.beta}; allowed: two numbers, a and b, such as [0.6, 1.4].")
        a, b = settings.beta
        return beta_population(a, b, settings.spread, settings.seed_spread), f"Beta({a:g}, {b:g})"
    files, folders = split_words(words)
    if folders:
        raise InputError(f"{folders[0]} is no file of counts; a pilot is read from files, such as base=base.jsonl.")
    arms, _ = read_arms(files)
    if len(arms) > 2:
        raise InputError(f"The pilot has {len(arms)} arms; allowed: the base, and one more.")
    base, arm = _counts(arms)
    population = pilot_population(base, arm, settings.k, settings.spread, settings.seed_spread)
    return population, f"a pilot of {len(base[0])} problems ({', '.join(one.name for one in arms)})"


def _counts(arms: Sequence[CountedArm]) -> tuple[Counts, Counts | None]:
    """n and c of the base and of the arm on the problems that both have, seeds added up for the base, the first of the arm."""
    if len(arms) == 1:
        rows = list(arms[0].by_seed.values())
        return _added(rows, sorted(set.intersection(*(set(one) for one in rows)))), None
    problems = compare_counts(arms).problems
    base, arm = (list(one.by_seed.values()) for one in arms)
    return _added(base, problems), _added(arm[:1], problems)


def _added(rows: Sequence[Mapping[str, tuple[int, int]]], problems: Sequence[str]) -> Counts:
    found = np.sum([[one[problem] for problem in problems] for one in rows], axis=0)
    return found[:, 0], found[:, 1]
