"""Arms that are known by their counts alone: n responses and c right ones of each problem, wherever they were made.

Reading files is the business of `commands/compare/`; runs with a ledger are in `runs`, and what is known of them beside in
`run_comparison`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from asym_lit.evaluation.arm_results import Gap
from asym_lit.evaluation.bands import Band, EveryK
from asym_lit.evaluation.gaps import gaps_at
from asym_lit.evaluation.paired import Correction, few_seeds_notes
from asym_lit.evaluation.pass_at_k import powers_of_two
from asym_lit.evaluation.problem_changes import by_step
from asym_lit.evaluation.runs import Run
from asym_lit.evaluation.simultaneous import over_every_k, pass_at_every_k, simultaneous_band
from asym_lit.types import InputError
from asym_lit.types.errors import shortened, shown

SHOWN = 5
"""Problems named in a note; all of them are in `missing`."""


@dataclass(frozen=True)
class CountedArm:
    """Responses and right ones of an arm, by seed and problem."""

    name: str
    by_seed: Mapping[str, Mapping[str, tuple[int, int]]]
    """By seed, then by the problem's id: n and c."""
    origin: str
    """The files or folders it was read from."""
    sources: Mapping[str, str] = field(default_factory=dict)
    """By the problem's id, what set it is of; those without are left out."""


@dataclass(frozen=True)
class CountedResult:
    """One arm of a comparison of counts."""

    arm: CountedArm
    curve: Band
    to_baseline: EveryK | None
    """None for the baseline."""
    gaps: list[Gap]
    """At the ks alone, one interval for each; empty for the baseline."""
    by_source: Mapping[str, list[float]]
    """pass@k at the ks, mean over the problems of a source and over seeds."""


@dataclass(frozen=True)
class CountComparison:
    """All arms on the problems that they share."""

    title: str
    problems: list[str]
    samples: int
    """Fewest responses to any problem."""
    ks: list[int]
    baseline: str
    correction: Correction
    arms: list[CountedResult]
    sources: Mapping[str, int]
    """Problems by source."""
    source_of: Mapping[str, str]
    """By problem, its source; empty if no arm names any."""
    missing: Mapping[str, list[str]]
    """By arm, and by seed if it has several: problems that it lacks and another has."""
    notes: list[str]


def counted_runs(runs: Sequence[Run], evaluation: str) -> list[CountedArm]:
    """Arms of run folders, by their last evaluation.

    Args:
        runs: Of all arms.
        evaluation: Name of the evaluation set.
    """
    arms: dict[str, dict[str, dict[str, tuple[int, int]]]] = {}
    for run in runs:
        steps = by_step(run.ledger, evaluation)
        rows = {uid: (row.samples, row.correct) for uid, row in steps[max(steps)].items() if row.samples}
        arms.setdefault(run.arm, {})[run.name] = rows
    return [CountedArm(name, by_seed, ", ".join(by_seed)) for name, by_seed in arms.items()]


def compare_counts(
    arms: Sequence[CountedArm],
    title: str = "Comparison",
    baseline: str = "",
    ks: Sequence[int] = (),
    correction: Correction = "fdr",
    notes: Sequence[str] = (),
) -> CountComparison:
    """Compares arms over every k from 1 to the fewest responses, paired by problem.

    Args:
        arms: At least two.
        title: Of the report.
        baseline: The arm that others are held against; empty for the first.
        ks: Budgets of the tables; empty for powers of two.
        correction: Of the p-values of single budgets, over all of them and all arms.
        notes: What a reader must know.

    Raises:
        InputError: If there are fewer than two arms or no such baseline, if they share no problem, a problem is of two
            sources, or a k is out of range.
    """
    names = [arm.name for arm in arms]
    if len(arms) < 2:
        raise InputError(f"There is one arm, {', '.join(names)}; a comparison needs two, such as base=base.jsonl rl=rl.jsonl.")
    baseline = baseline or names[0]
    if baseline not in names:
        raise InputError(f"baseline is {baseline!r}; allowed: one of the arms {', '.join(names)}.")
    problems, missing = _paired(arms)
    sources = _sources(arms, problems)
    counts = {arm.name: [np.array([seed[p] for p in problems]) for seed in arm.by_seed.values()] for arm in arms}
    least = min(int(pairs[:, 0].min()) for seeds in counts.values() for pairs in seeds)
    grid = sorted(set(ks)) or powers_of_two(least)
    outside = [k for k in grid if not 1 <= k <= least]
    if outside:
        raise InputError(f"ks holds {outside[0]}; allowed: 1 to {least}, the fewest responses to a problem that all arms have.")
    values = {name: [pass_at_every_k(one[:, 0], one[:, 1], least) for one in seeds] for name, seeds in counts.items()}
    bands = {n: over_every_k(n, baseline, values[n], values[baseline]) for n in names if n != baseline}
    at_grid = {name: [one[:, [k - 1 for k in grid]] for one in seeds] for name, seeds in values.items()}
    gaps = gaps_at({name: at_grid[name] for name in bands}, at_grid[baseline], grid, correction)
    curves = {name: band.arm_curve for name, band in bands.items()} | {baseline: simultaneous_band(np.stack(values[baseline]))}
    results = [
        CountedResult(arm, curves[n], bands.get(n), gaps.get(n, []), _by_source(values[n], problems, sources, grid))
        for arm in arms
        for n in [arm.name]
    ]
    sizes = {source: list(sources.values()).count(source) for source in sorted(set(sources.values()))}
    few = few_seeds_notes({arm.name: len(arm.by_seed) for arm in arms})
    known = [*notes, *few, *_missing_words(missing, arms), *_number_words(counts, problems, least)]
    return CountComparison(title, problems, least, grid, baseline, correction, results, sizes, sources, missing, known)


def _paired(arms: Sequence[CountedArm]) -> tuple[list[str], dict[str, list[str]]]:
    """The problems that every seed of every arm has, and what each lacks."""
    each = {
        arm.name if len(arm.by_seed) == 1 else f"{arm.name}, seed {seed}": set(rows)
        for arm in arms
        for seed, rows in arm.by_seed.items()
    }
    shared, all_of_them = set.intersection(*each.values()), set.union(*each.values())
    if not shared:
        examples = "; ".join(f"{name} has {shown(min(rows, default='none'))}" for name, rows in each.items())
        raise InputError(
            f"The arms share no problem, so nothing can be compared: {examples}. Problems are paired by id; write the same "
            "id for the same problem."
        )
    missing = {name: sorted(all_of_them - rows) for name, rows in each.items() if all_of_them - rows}
    return sorted(shared), missing


def _sources(arms: Sequence[CountedArm], problems: Sequence[str]) -> dict[str, str]:
    """By problem; empty if no arm names any. An id that stands for two problems would pair what is not alike."""
    found: dict[str, tuple[str, str]] = {}
    for arm in arms:
        for problem in problems:
            if problem in arm.sources:
                source, other = found.setdefault(problem, (arm.sources[problem], arm.name))
                if source != arm.sources[problem]:
                    raise InputError(
                        f"Problem {shown(problem)} is of {source!r} in {other} and of {arm.sources[problem]!r} in {arm.name}; "
                        "an id names the same problem in all arms. Mend the ids, or leave out source."
                    )
    return {problem: found[problem][0] if problem in found else "without a source" for problem in problems} if found else {}


def _by_source(
    values: Sequence[np.ndarray], problems: Sequence[str], sources: Mapping[str, str], ks: Sequence[int]
) -> dict[str, list[float]]:
    mean = np.mean(values, axis=0)[:, [k - 1 for k in ks]]
    of = np.array([sources.get(problem, "") for problem in problems])
    return {source: mean[of == source].mean(0).tolist() for source in sorted(set(sources.values()))}


def _missing_words(missing: Mapping[str, list[str]], arms: Sequence[CountedArm]) -> list[str]:
    total = len({problem for arm in arms for rows in arm.by_seed.values() for problem in rows})
    notes = []
    for name, lacking in missing.items():
        more = f" and {len(lacking) - SHOWN} more, all in comparison.json" if len(lacking) > SHOWN else ""
        notes.append(
            f"{name} lacks {len(lacking)} of {total} problems, which are left out: "
            f"{', '.join(map(shortened, lacking[:SHOWN]))}{more}."
        )
    return notes


def _number_words(counts: Mapping[str, Sequence[np.ndarray]], problems: Sequence[str], least: int) -> list[str]:
    """What a reader must know of numbers of responses that differ."""
    most = max(int(pairs[:, 0].max()) for seeds in counts.values() for pairs in seeds)
    if most == least:
        return []
    name, i = next(
        (n, int(at[0])) for n, seeds in counts.items() for p in seeds if (at := np.flatnonzero(p[:, 0] == least)).size
    )
    return [
        f"Problems have {least} to {most} responses; budgets go to the fewest, which {name} has for {shortened(problems[i])}."
    ]
