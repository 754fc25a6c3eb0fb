"""Families of lists, intervals, cases and matrices."""

from __future__ import annotations

from collections.abc import Mapping
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows


def two_numbers(rng: Random) -> Rows:
    """Two numbers with a word between them: no product, and no name."""
    a, b = rng.randrange(2, 9), rng.randrange(10, 19)
    joint = rng.choice(("and", "or"))
    gold, question = f"{a} {joint} {b}", "Find all values."
    for right in (f"{a}, {b}", f"{a} \\text{{ {joint} }} {b}", f"{b} {joint} {a}", f"{b}, {a}"):
        yield question, gold, right, True
    for wrong in (
        f"{a + 1} {joint} {b - 1}",
        f"{a}",
        f"{b}",
        f"{a} {joint} {b + 1}",
        f"{a * b}",
        f"2 {joint} {a * b}",
        f"{a}{b}",
        f"{a}, {b}, {b + 3}",
    ):
        yield question, gold, wrong, False


def side_by_side(rng: Random) -> Rows:
    """Numbers with nothing between them but space: a list in its order."""
    numbers = rng.sample(range(1, 60), 4)
    gold = " ".join(map(str, numbers))
    yield "", gold, "\\quad ".join(map(str, numbers)), True
    yield "", gold, ", ".join(map(str, numbers)), True
    yield "", gold, f"\\text{{{gold}}}", True
    product = numbers[0] * numbers[1]
    for order in (numbers[::-1], numbers[1:], [*numbers, 7], [numbers[1], numbers[0], *numbers[2:]]):
        yield "", gold, " ".join(map(str, order)), False
    for joint in ("\\quad ", " ", "\\;"):
        yield "", str(product), f"{numbers[0]}{joint}{numbers[1]}", False
        yield "", f"{numbers[0]}{numbers[1]}", f"{numbers[0]}{joint}{numbers[1]}", False


def pieces(rng: Random) -> Rows:
    """An answer by cases."""
    a, b = rng.randrange(2, 30), rng.randrange(31, 60)
    gold = f"{a} \\text{{ for }} n=1, {b} \\text{{ for }} n=2"
    yield "", gold, f"{a} \\text{{ if }} n=1, {b} \\text{{ if }} n=2", True
    yield "", gold, f"{a}\\text{{ for }}n=1,\\ {b}\\text{{ for }}n=2", True
    yield "", gold, gold.replace("\\text{ for }", "for"), True
    for wrong in (f"{a}", f"{b} \\text{{ for }} n=1, {a} \\text{{ for }} n=2", f"{a} \\text{{ for }} n=1", f"{a}, {b}", f"{b}"):
        yield "", gold, wrong, False
    line = f"{a}x \\text{{ for }} x>0, -{a}x \\text{{ for }} x<0"
    for wrong in (f"{a}x", f"{a}x, -{a}x", f"{a}x \\text{{ for }} x<0, -{a}x \\text{{ for }} x>0"):
        yield "", line, wrong, False


def intervals(rng: Random) -> Rows:
    """Intervals, inequalities and their ends."""
    a = rng.randrange(-20, 10)
    b = a + rng.randrange(2, 20)
    question = "Solve for $x$."
    for right in (f"{a} < x < {b}", f"x \\in ({a},{b})", f"{b} > x > {a}", f"({a}, {b})", f"\\left({a},{b}\\right)"):
        yield question, f"({a},{b})", right, True
    for wrong in (
        f"{a},{b}",
        f"[{a},{b}]",
        f"[{a},{b})",
        f"\\{{{a},{b}\\}}",
        f"x={a} \\text{{ or }} x={b}",
        f"x<{b}",
        f"{a} \\le x \\le {b}",
    ):
        yield question, f"({a},{b})", wrong, False
    yield question, f"(-\\infty,{b}]", f"x \\le {b}", True
    yield question, f"(-{b + 30},{b + 30})", f"|x|<{b + 30}", True
    for wrong in (f"[-\\infty,{b}]", f"x < {b}", f"x \\ge {b}", f"(-\\infty,{b})", f"{b}"):
        yield question, f"(-\\infty,{b}]", wrong, False


def repeated_roots(rng: Random) -> Rows:
    """Roots with their multiplicity, values with names."""
    a, b = rng.randrange(1, 9), rng.randrange(10, 19)
    question = "List all roots with multiplicity, separated by commas."
    yield question, f"{a},{b},{b}", f"{b}, {a}, {b}", True
    yield question, f"{a},{b},{b}", f"{a}, {b}, {b}", True
    for wrong in (f"{a},{b}", f"{a},{a},{b}", f"{b}", f"{a},{b},{b},{b}"):
        yield question, f"{a},{b},{b}", wrong, False
    named = f"x={a}, y={b}"
    for right in (f"y={b}, x={a}", f"x = {a},\\ y = {b}", f"x={a} \\text{{ and }} y={b}", f"({a},{b})"):
        yield "Find $(x,y)$.", named, right, True
    for wrong in (f"x={b}, y={a}", f"{b}, {a}", f"x={a}", f"({b},{a})", f"y={a}, x={b}"):
        yield "Find $(x,y)$.", named, wrong, False


def ratios(rng: Random) -> Rows:
    """Parts to parts."""
    a, b = rng.choice(((2, 3), (3, 5), (4, 7), (5, 8), (7, 9), (8, 11), (9, 13), (10, 17)))
    question = "What is the ratio of boys to girls?"
    for right in (f"{a} : {b}", f"{a} to {b}", f"{a}\\text{{ to }}{b}", f"\\frac{{{a}}}{{{b}}}"):
        yield question, f"{a}:{b}", right, True
    for wrong in (f"{b}:{a}", f"{a}:{b}:1", f"{a}:{b + 1}", f"{a}", f"{b} to {a}", f"\\frac{{{b}}}{{{a}}}"):
        yield question, f"{a}:{b}", wrong, False


def matrices(rng: Random) -> Rows:
    """Rows and columns, and the determinant that is no matrix."""
    a, b, c, d = rng.sample(range(1, 30), 4)
    gold = f"\\begin{{pmatrix}}{a}&{b}\\\\{c}&{d}\\end{{pmatrix}}"
    yield "", gold, f"\\begin{{bmatrix}} {a} & {b} \\\\ {c} & {d} \\end{{bmatrix}}", True
    yield "", gold, f"\\begin{{pmatrix}} {a} & {b} \\\\ {c} & {d} \\end{{pmatrix}}", True
    yield "", gold, f"\\left(\\begin{{matrix}}{a}&{b}\\\\{c}&{d}\\end{{matrix}}\\right)", True
    for rows in (f"{a}&{c}\\\\{b}&{d}", f"{c}&{d}\\\\{a}&{b}", f"{a}&{b}\\\\{c}&{d + 1}", f"{a}&{b}"):
        yield "", gold, f"\\begin{{pmatrix}}{rows}\\end{{pmatrix}}", False
    yield "", gold, f"\\begin{{vmatrix}}{a}&{b}\\\\{c}&{d}\\end{{vmatrix}}", False
    yield "", gold, f"{a * d - b * c}", False


def holes_in_the_line(rng: Random) -> Rows:
    """The real line without one number or two."""
    a, b = sorted(rng.sample(range(-9, 10), 2))
    question = "What is the domain of the function?"
    ways = [f"\\mathbb{{R}}\\setminus\\{{{a}\\}}", f"x\\neq {a}", f"(-\\infty,{a})\\cup({a},\\infty)"]
    ways += [f"\\{{x\\mid x\\ne {a}\\}}", f"\\text{{all real numbers except }}{a}", f"x\\in\\mathbb{{R}}, x\\neq {a}"]
    gold = rng.choice(ways[:3])
    for right in ways:
        yield question, gold, right, True
    for wrong in (f"x={a}", str(a), f"x\\neq {b}", "\\mathbb{R}", f"x>{a}", f"\\mathbb{{Q}}\\setminus\\{{{a}\\}}"):
        yield question, gold, wrong, False
    both = f"\\mathbb{{R}}\\setminus\\{{{a},{b}\\}}"
    for right in (f"x\\neq {a}, x\\neq {b}", f"x\\neq {a}, {b}", f"x\\neq {b} \\text{{ and }} x\\neq {a}"):
        yield question, both, right, True
    for wrong in (f"x\\neq {a}", f"x\\neq {a} \\text{{ or }} x\\neq {b}", f"\\{{{a},{b}\\}}", f"({a},{b})"):
        yield question, both, wrong, False


def integer_parameters(rng: Random) -> Rows:
    """A letter for any integer under another name; a letter of the question is none."""
    k, n = rng.sample("kmnlj", 2)
    down, period = rng.choice((2, 3, 4, 5, 6, 8)), rng.choice(("", "2"))
    gold, answer = (f"\\frac{{\\pi}}{{{down}}}+{period}{name}\\pi" for name in (k, n))
    question = "Find all solutions of $g(x)=1$."
    for right in (answer, f"x={answer}", f"{answer}, {n}\\in\\mathbb{{Z}}", f"x = {answer}, {n} \\in \\mathbb Z"):
        yield question, gold, right, True
    yield f"Find all solutions of $g(x)=1$, where ${k}$ is any integer.", gold, answer, True
    yield "", f"{gold}, {k}\\in\\mathbb{{Z}}", f"{answer}, {n}\\in\\mathbb{{Z}}", True
    other = "" if period else "2"
    wrong = (answer.replace(f"{period}{n}\\pi", f"{other}{n}\\pi"), answer.replace(n, "x"), answer.replace("+", "-"))
    for given in (*wrong, f"\\frac{{\\pi}}{{{down}}}"):
        yield question, gold, given, given == answer
    yield f"Express the angle in terms of ${k}$ and ${n}$.", gold, answer, False
    yield "", f"{gold}, {k}\\in\\mathbb{{Z}}", f"{answer}, {n}\\in\\mathbb{{N}}", False


LISTS: Mapping[str, Family] = {
    "two numbers": two_numbers,
    "side by side": side_by_side,
    "pieces": pieces,
    "intervals": intervals,
    "repeated roots": repeated_roots,
    "ratios": ratios,
    "matrices": matrices,
    "holes in the line": holes_in_the_line,
    "integer parameters": integer_parameters,
}
"""By kind."""
