"""Families of questions that give the value, and ask for it in another form: worked out, reduced, in primes."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from math import comb, factorial, gcd, prod
from random import Random

from asym_lit.evaluation.perturbations.pairs import Family, Rows

_ANGLES = (
    ("\\sin", 30, "\\frac{1}{2}"),
    ("\\cos", 60, "\\frac{1}{2}"),
    ("\\tan", 45, "1"),
    ("\\cos", 0, "1"),
    ("\\tan", 60, "\\sqrt{3}"),
    ("\\cos", 45, "\\frac{\\sqrt{2}}{2}"),
    ("\\sin", 60, "\\frac{\\sqrt{3}}{2}"),
)
_REDUCE = ("Simplify ${}$.", "Reduce {} to lowest terms.", "Write ${}$ in simplest form.", "What is {} in lowest terms?")
_WORK = ("Evaluate ${}$.", "What is ${}$?", "Compute ${}$.", "Find the value of ${}$.")
_PRIMES = (
    "What is the prime factorization of {}?",
    "Write {} as a product of primes.",
    "Find the prime factorisation of ${}$.",
)


def reduced_fractions(rng: Random) -> Rows:
    """A fraction in lowest terms; as it was given, and half reduced."""
    down = rng.choice((3, 4, 5, 7, 8, 9, 11))
    up = rng.choice([n for n in range(1, 3 * down) if gcd(n, down) == 1 and n != 1])
    by = rng.choice((2, 4, 6, 10))
    question = rng.choice(_REDUCE)
    shown = f"\\frac{{{up * by}}}{{{down * by}}}" if "$" in question else f"{up * by}/{down * by}"
    question, gold = question.format(shown), f"\\frac{{{up}}}{{{down}}}"
    for right in (f"{up}/{down}", f"\\tfrac{{{up}}}{{{down}}}", f"\\dfrac{{{up}}}{{{down}}}", f"{shown} = {gold}"):
        yield question, gold, right, True
    for wrong in (f"{up * by}/{down * by}", f"\\frac{{{up * by}}}{{{down * by}}}", f"{up * by // 2}/{down * by // 2}"):
        if wrong != f"{up}/{down}":
            yield question, gold, wrong, False


def given_forms(rng: Random) -> Rows:
    """Fractions, decimals, percentages and mixed numbers, written as another of them or as they were given."""
    number = rng.choice([n for n in range(3, 200) if n % 8 and n % 100])
    share = Fraction(number, 8)
    fraction, decimal = f"\\frac{{{share.numerator}}}{{{share.denominator}}}", f"{number / 8:.3f}".rstrip("0")
    shown = f"{share.numerator}/{share.denominator}"
    cases = (
        (f"Write {decimal} as a fraction.", fraction, shown, decimal),
        (f"What is ${decimal}$ as a common fraction?", fraction, fraction.replace("\\frac", "\\tfrac"), decimal),
        (f"Write ${fraction}$ as a decimal.", decimal, f"{decimal}0", shown),
        (f"Convert {shown} to a decimal.", decimal, f"{decimal}00", fraction),
        (f"Express {number}% as a decimal.", f"{number / 100}", f"{number / 100:.3f}", f"{number}\\%"),
        (f"Write the decimal {number / 100} as a percent.", f"{number}\\%", f"{number}%", f"{number / 100}"),
    )
    for question, gold, right, given in rng.sample(cases, 2):
        yield question, gold, right, True
        yield question, gold, given, False
    if share > 1:
        whole, rest = divmod(share.numerator, share.denominator)
        mixed = f"{whole}\\frac{{{rest}}}{{{share.denominator}}}"
        yield f"Write ${fraction}$ as a mixed number.", mixed, f"{whole} {rest}/{share.denominator}", True
        yield f"Write ${fraction}$ as a mixed number.", mixed, f"{share.numerator}/{share.denominator}", False
        yield f"Write ${mixed}$ as an improper fraction.", fraction, mixed, False
    digit = rng.choice("124578")
    recurring = Fraction(int(digit), 9)
    gold = f"\\frac{{{recurring.numerator}}}{{{recurring.denominator}}}"
    yield f"Express $0.\\overline{{{digit}}}$ as a common fraction.", gold, f"0.\\overline{{{digit}}}", False
    yield f"Express $0.\\overline{{{digit}}}$ as a common fraction.", gold, gold.replace("\\frac", "\\dfrac"), True


def given_expressions(rng: Random) -> Rows:
    """The expression of the question in place of its value: functions of numbers, bars, factorials, roots, powers."""
    n, k = rng.randrange(5, 12), rng.randrange(2, 5)
    function, degrees, size = rng.choice(_ANGLES)
    for expression, value, again in (
        (f"{function} {degrees}^\\circ", size, f"{function}({degrees}°)"),
        (f"|{k}-{n}|", str(n - k), f"|{k - n}|"),
        (f"|-{n}|", str(n), f"\\left|-{n}\\right|"),
        (f"\\frac{{{n}!}}{{{n - k}!}}", str(factorial(n) // factorial(n - k)), f"{n}!/{n - k}!"),
        (f"\\binom{{{n}}}{{{k}}}", str(comb(n, k)), f"\\frac{{{n}!}}{{{k}!{n - k}!}}"),
        (f"\\sqrt{{{n * n}}}", str(n), f"\\sqrt{{{n}^2}}"),
        (f"{k}^{{{n}}}", str(k**n), f"{k}^{{{n}}}"),
        (f"\\log_{{{k}}} {k**3}", "3", f"\\log_{k}({k**3})"),
        (f"-(-{n})", str(n), f"-(-{n})"),
    ):
        question = rng.choice(_WORK).format(expression)
        yield question, value, expression, False
        yield question, value, again, False
        yield question, value, f"{expression} = {value}", True
        yield question, value, f"{value} ", True


def prime_factors(rng: Random) -> Rows:
    """A number in primes, in powers of them or not; the number itself, and factors that are none."""
    primes = sorted(rng.choices((2, 2, 2, 3, 3, 5, 7, 11), k=rng.randrange(3, 6)))
    if len(set(primes)) == 1:
        primes = [2, *primes[:-1], 3]
    number, question = prod(primes), rng.choice(_PRIMES)
    gold = "\\cdot ".join(_powers(primes))
    for right in (
        "\\cdot ".join(map(str, primes)),
        " \\times ".join(reversed(_powers(primes))),
        "*".join(map(str, primes[::-1])),
        f"{number} = {gold}",
    ):
        yield question.format(number), gold, right, True
    first, second, *rest = rng.sample(primes, len(primes))
    joined = [str(first * second), *map(str, rest)]
    for wrong in (str(number), "\\cdot ".join(joined), "*".join(joined), f"1\\cdot {number}"):
        yield question.format(number), gold, wrong, False
    yield question.format(number), gold, "\\cdot ".join(_powers([*primes, 13])), False


def _powers(primes: list[int]) -> list[str]:
    def written() -> Iterator[str]:
        for prime in sorted(set(primes)):
            times = primes.count(prime)
            yield f"{prime}^{times}" if times > 1 else str(prime)

    return list(written())


FORMS: Mapping[str, Family] = {
    "reduced fractions": reduced_fractions,
    "given forms": given_forms,
    "given expressions": given_expressions,
    "prime factors": prime_factors,
}
"""By kind."""
