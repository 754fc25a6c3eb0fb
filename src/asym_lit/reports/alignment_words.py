"""What an alignment lets one expect, and the evidence of the paper beside it.

The numbers are from `evaluation/alignment.py`.
"""

from __future__ import annotations

from collections.abc import Sequence

from asym_lit.evaluation.alignment import BINS, Alignment, Label, Thresholds

EVIDENCE = [
    ["setting (base → after training)", "AIME24", "MATH500", "SynLogic (weak)", "Operation (strong)", "Cipher (weak)"],
    ["Qwen2.5-7B, untrained", "3.3", "40.8", "1.5", "27.2", "4.8"],
    ["+ true reward", "14.2", "71.0", "42.6", "82.4", "20.4"],
    ["+ random reward", "10.0", "57.5", "10.2", "53.6", "3.6"],
    ["+ incorrect reward", "6.7", "57.0", "0.0", "60.8", "3.2"],
    ["+ majority vote", "-", "62.1", "1.8", "55.6", "-"],
    ["+ one example", "-", "65.2", "-", "-", "-"],
    ["+ negative-only", "-", "68.7", "1.5", "-", "-"],
    ["+ positive-only", "-", "-", "24.8", "-", "-"],
    ["Llama-3.1-8B-Instruct, untrained", "3.3", "32.5", "0.8", "60.4", "8.4"],
    ["+ random reward", "3.3", "26.8", "0.0", "69.2", "4.4"],
    ["+ one example", "-", "-", "-", "69.2", "-"],
]
"""Accuracy after training, arXiv 2508.21188, as excerpted by a secondary source; `-` where it gives none."""
SOURCE = (
    "Model-Task Alignment, arXiv 2508.21188; accuracies in percent, as excerpted by a secondary source. Two models of 7-8B, "
    "one run each, no seeds: evidence for a direction, not for a size. Qwen on mathematics is suspected to be contaminated."
)
_EXPECTED = {
    Label.STRONG: {
        "one-shot": "Expected to work: one well-chosen example brings out most of what full data does, within its "
        "kind of problem.",
        "noisy reward": "Expected to help even when random, incorrect or voted: it brings out what is there. So a gain under "
        "such a reward proves nothing about the reward, and the format-only control is needed.",
        "negative-only": "Expected to come close to full training, and to keep entropy up.",
        "true reward": "Works best, as everywhere.",
    },
    Label.MIDDLE: {
        "one-shot": "Uncertain: choose an example that the policy solves now and then, and expect less than full data gives.",
        "noisy reward": "Uncertain: run the random and the format-only control before believing a gain.",
        "negative-only": "Uncertain: watch pass@1 beside pass@k.",
        "true reward": "The safe choice.",
    },
    Label.WEAK: {
        "one-shot": "Not expected to work: a problem that is never solved has no gradient within its group, and a chosen "
        "example did no better than a random one.",
        "noisy reward": "Not expected to work: random, incorrect and voted rewards brought nothing or did harm.",
        "negative-only": "Not expected to work: pushing wrong answers down does not find right ones. Positive-only gained "
        "something.",
        "true reward": "Needed. Mind the problems that are never solved: easier ones, or demonstrations, come first.",
    },
}


def recommendation(found: Alignment) -> dict[str, str]:
    """What to expect of each technique, in words."""
    return _EXPECTED[found.label]


def headline(found: Alignment, thresholds: Thresholds) -> str:
    """The label, why, and how sure it is."""
    at = found.at_k
    sure = "" if found.sure else " The interval reaches over a threshold, so more problems might change the label."
    contamination = {
        None: "",
        True: " Cut-off prompts are continued word for word more often than chance: contamination is suspected.",
        False: " Cut-off prompts are not continued word for word beyond chance.",
    }[found.contaminated]
    return (
        f"{found.task}: {found.label} alignment. pass@{thresholds.k} of the untrained policy is {at.mean:.3f} "
        f"[{at.low:.3f}, {at.high:.3f}]; {found.never.mean:.0%} of {found.never.problems} problems are never solved in "
        f"{found.curve.samples} responses.{sure}{contamination}"
    )


def threshold_words(thresholds: Thresholds) -> str:
    """Where the labels come from."""
    return (
        f"Strong: pass@{thresholds.k} of at least {thresholds.strong:g}. Weak: at most {thresholds.weak:g}. These thresholds "
        "are a proposal of this program: the paper gives none, it tells strong from weak by the shape of the curve."
    )


def curve_rows(found: Sequence[Alignment]) -> list[list[str]]:
    """pass@k by task."""
    ks = max((one.curve.ks for one in found), key=len)
    rows = [["task", *(f"pass@{k}" for k in ks)]]
    for one in found:
        bounds = zip(one.curve.mean, one.curve.low, one.curve.high, strict=True)
        cells = [f"{mean:.3f} [{low:.3f}, {high:.3f}]" for mean, low, high in bounds]
        rows.append([one.task, *cells, *[""] * (len(ks) - len(cells))])
    return rows


def histogram_rows(found: Sequence[Alignment]) -> list[list[str]]:
    """Problems by share of right responses."""
    return [["right responses", *BINS], *([one.task, *map(str, one.histogram)] for one in found)]


def continuation_rows(found: Sequence[Alignment]) -> list[list[str]]:
    """What was made of truncated prompts."""
    rows = [["task", "prompt kept", "exact", "of another prompt", "ROUGE-L", "of another prompt"]]
    for one in found:
        for each in one.continuations:
            exact = f"{each.exact.mean:.3f} [{each.exact.low:.3f}, {each.exact.high:.3f}]"
            rouge = f"{each.rouge.mean:.3f} [{each.rouge.low:.3f}, {each.rouge.high:.3f}]"
            chance = (f"{each.exact_chance:.3f}", f"{each.rouge_chance:.3f}")
            rows.append([one.task, f"{each.share:.0%}", exact, chance[0], rouge, chance[1]])
    return rows


def expectation_rows(found: Sequence[Alignment]) -> list[list[str]]:
    """Techniques by task."""
    names = list(_EXPECTED[Label.STRONG])
    return [["technique", *(f"{one.task} ({one.label})" for one in found)]] + [
        [name, *(recommendation(one)[name] for one in found)] for name in names
    ]


def alignment_text(found: Sequence[Alignment], thresholds: Thresholds, facts: dict[str, str]) -> str:
    """The whole report as markdown."""
    parts = ["# Alignment probe", "\n".join(f"- {name}: {value}" for name, value in facts.items())]
    parts += [f"**{headline(one, thresholds)}**" for one in found] + [threshold_words(thresholds)]
    tables = {
        "What to expect of training": expectation_rows(found),
        "pass@k of the untrained policy": curve_rows(found),
        "Difficulty": histogram_rows(found),
        "Truncated prompts": continuation_rows(found),
        "What the paper found": EVIDENCE,
    }
    for title, (head, *rows) in tables.items():
        if rows:
            lines = ["| " + " | ".join(row) + " |" for row in (head, ["---"] * len(head), *rows)]
            parts += [f"## {title}", "\n".join(lines)]
    return "\n\n".join([*parts, SOURCE]) + "\n"
