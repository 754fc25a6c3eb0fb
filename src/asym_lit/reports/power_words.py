"""Words and the table of a plan of studies. The picture: `power_figure`; the numbers: `evaluation.plans`."""

from __future__ import annotations

from collections.abc import Iterator

from asym_lit.evaluation.plans import Plan

HOW = (
    "Power is the chance of p below 0.05 in the paired test of two arms on the same problems, at this budget alone: a question "
    "that was chosen beforehand. Over every k at once, or with a correction for many tests, it takes more.",
    "One seed an arm speaks of the two policies; three or more speak of the methods, and what seeds vary then counts as error, "
    "which no number of problems makes up for. Two seeds are refused by the test.",
)


def power_rows(plan: Plan) -> Iterator[list[str]]:
    """Problems needed by responses (down) and seeds (across)."""
    seeds = list(dict.fromkeys(s for _, s in plan.needed))
    yield ["responses", *(f"{s} seed{'s' if s > 1 else ''} an arm" for s in seeds)]
    for n in dict.fromkeys(n for n, _ in plan.needed):
        needed = [plan.needed[n, s] for s in seeds]
        yield [str(n), *("no number" if found is None else f"{found:,}" for found in needed)]


def power_sentence(plan: Plan) -> str:
    """What was asked."""
    return (
        f"Problems that show a difference of {plan.difference:+.3f} at pass@{plan.k} with {plan.power:.0%}. Chances: "
        f"{plan.chances}; an arm moves problems apart by {plan.spread:.2f} logits, a training seed moves all by "
        f"{plan.seed_spread:.2f}."
    )


def power_text(plan: Plan) -> str:
    """The whole plan as markdown."""
    head, *rows = ["| " + " | ".join(row) + " |" for row in power_rows(plan)]
    table = "\n".join([head, "|" + " --- |" * (head.count(" | ") + 1), *rows])
    return "\n\n".join(["# What would it take?", power_sentence(plan), table, "![power](power.png)", *HOW]) + "\n"
