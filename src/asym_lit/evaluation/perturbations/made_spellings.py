"""Families of right answers in rarer spellings, with what looks like them and is wrong."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows


def dotted_periods(rng: Random) -> Rows:
    """Recurring decimals with dots over the ends of the period."""
    a, b, c, d = rng.sample("123456789", 4)
    for gold, right, wrong in (
        (f"0.\\overline{{{a}{b}}}", f"0.\\dot{a}\\dot{b}", f"0.\\dot{b}\\dot{a}"),
        (f"0.\\overline{{{a}{b}{c}}}", f"0.\\dot{{{a}}}{b}\\dot{{{c}}}", f"0.\\dot{{{a}}}{b}\\dot{{{d}}}"),
        (f"0.{d}\\overline{{{a}}}", f"0.{d}\\dot{a}", f"0.\\dot{d}{a}"),
        (f"0.{d}\\overline{{{b}{c}}}", f"0.{d}\\dot{{{b}}}\\dot{{{c}}}", f"0.{d}\\dot{{{c}}}\\dot{{{b}}}"),
    ):
        yield "Write it as a recurring decimal.", gold, right, True
        yield "Write it as a recurring decimal.", gold, wrong, False


def signs_in_words(rng: Random) -> Rows:
    """Minus and negative before a number, and currencies behind one."""
    number = rng.randrange(2, 900)
    for word in ("minus", "negative"):
        yield "Solve for the unknown.", f"-{number}", f"\\text{{{word} }}{number}", True
        yield "Solve for the unknown.", f"{number}", f"\\text{{{word} }}{number}", False
        yield "Solve for the unknown.", f"-{number}", f"\\text{{{word} }}{number + 1}", False
    question, gold = "What is the price in euros?", f"{number}500"
    grouped = f"{number}{{,}}500"
    for right in (f"{grouped}\\,€", f"{gold} €", f"{grouped}\\text{{ €}}"):
        yield question, gold, right, True
    for wrong in (f"{grouped}\\,£", f"{number}{{,}}501\\,€", f"-{grouped}\\,€"):
        yield question, gold, wrong, False


def unit_exponents(rng: Random) -> Rows:
    """Quotients of units by a negative exponent."""
    number = rng.randrange(2, 300)
    above, below, power = rng.choice(
        (("m", "s", 1), ("km", "h", 1), ("m", "s", 2), ("g", "cm", 3), ("kg", "m", 3), ("cm", "s", 1))
    )
    gold = f"{number}\\text{{ {above}/{below}}}" + (f"^{power}" if power > 1 else "")
    for right in (
        f"{number}\\,\\mathrm{{{above}\\,{below}^{{-{power}}}}}",
        f"{number}\\ {above}\\,{below}^{{-{power}}}",
        f"{number}\\text{{ {above} {below}}}^{{-{power}}}",
    ):
        yield "How large is it?", gold, right, True
    for wrong in (
        f"{number + 1}\\,\\mathrm{{{above}\\,{below}^{{-{power}}}}}",
        f"{number}\\,\\mathrm{{{above}\\,{below}^{{-{power % 3 + 1}}}}}",
        f"{number}\\,\\mathrm{{{below}\\,{above}^{{-{power}}}}}",
    ):
        yield "How large is it?", gold, wrong, False


def written_bases(rng: Random) -> Rows:
    """The base of ten written out, and digits that are letters upright."""
    number = rng.randrange(20, 250)
    question = f"Convert {number:b}_2 to base 10."
    for answer, right in ((f"{number}_{{10}}", True), (f"{number}_{{16}}", False), (f"{number + 1}_{{10}}", False)):
        yield question, str(number), answer, right
    yield f"Convert {number} to base 8.", f"{number:o}", f"{number:o}_{{10}}", False
    digits = f"{rng.choice('ABCDEF')}{rng.choice('ABCDEF')}"
    other = digits[0] + ("A" if digits[1] != "A" else "B")
    for command in ("mathrm", "text", "texttt"):
        yield "Write it in hexadecimal.", f"{digits}_{{16}}", f"\\{command}{{{digits}}}_{{16}}", True
        yield "Write it in hexadecimal.", f"{digits}_{{16}}", f"\\{command}{{{other}}}_{{16}}", False


def orders_of_cases(rng: Random) -> Rows:
    """Cases in another order, with words before their conditions, and with the conditions changed over."""
    a, b, at = rng.randrange(2, 9), rng.randrange(2, 9), rng.randrange(-5, 6)
    gold = f"\\begin{{cases}} {a}x & x<{at}\\\\ x+{b} & x\\ge {at}\\end{{cases}}"
    rows = (
        (f"x+{b} & \\text{{if }}x\\ge{at}", f"{a}x & \\text{{if }}x<{at}", True),
        (f"x+{b}, & \\text{{for }} x \\geq {at},", f"{a}x, & \\text{{for }} x < {at}.", True),
        (f"x+{b} & \\text{{if }}{at}\\le x", f"{a}x & \\text{{if }}{at}>x", True),
        (f"x+{b} & \\text{{if }}x<{at}", f"{a}x & \\text{{if }}x\\ge{at}", False),
        (f"x+{b} & \\text{{if }}x>{at}", f"{a}x & \\text{{if }}x\\le{at}", False),
        (f"x-{b} & \\text{{if }}x\\ge{at}", f"{a}x & \\text{{if }}x<{at}", False),
    )
    for first, second, right in rows:
        yield "Write the function by cases.", gold, f"\\begin{{cases}} {first} \\\\ {second} \\end{{cases}}", right


def labelled_lists(rng: Random) -> Rows:
    """Values with the expressions that are asked for, in either order; sizes of sets; functions of another variable."""
    first, second = rng.sample(range(2, 90), 2)
    x, y = rng.sample("abcdmnpqxy", 2)
    question, gold = f"Find ${x}+{y}$ and ${x}-{y}$.", f"{first}, {second}"
    for right in (f"{x}+{y}={first}, {x}-{y}={second}", f"{x}-{y}={second}\\text{{ and }}{x}+{y}={first}"):
        yield question, gold, right, True
    for wrong in (f"{x}+{y}={second}, {x}-{y}={first}", f"{x}+{y}={first}, {x}{y}={second}"):
        yield question, gold, wrong, False
    counts = "How many subsets of that kind are there?"
    yield counts, str(first), f"|S|={first}", True
    yield counts, str(first), f"|S|={second}", False
    finds = f"The function satisfies $f(0)={first}$. Find $f(x)$."
    yield finds, f"x^2+{first}", f"f(t)=t^2+{first}", True
    yield finds, f"x^2+{first}", f"f(t)=t^3+{first}", False
    p, q, r = rng.sample("ABCDEFGHKLMNPQR", 3)
    angle = f"In triangle ${p}{q}{r}$, find $\\cos\\angle {p}{q}{r}$."
    gold = f"\\frac{{1}}{{{first + 1}}}"
    for right in (f"\\cos {q}={gold}", f"\\cos\\angle {r}{q}{p}={gold}"):
        yield angle, gold, right, True
    for wrong in (f"\\cos {p}={gold}", f"\\sin {q}={gold}", f"\\cos\\angle {q}{r}{p}={gold}"):
        yield angle, gold, wrong, False


SPELLINGS: Mapping[str, Family] = {
    "dotted periods": dotted_periods,
    "signs in words": signs_in_words,
    "unit exponents": unit_exponents,
    "written bases": written_bases,
    "orders of cases": orders_of_cases,
    "labelled lists": labelled_lists,
}
"""By kind."""
