"""The form that a question asks for: lowest terms, a decimal, a mixed number, primes, factors, a power.

An answer of the right value is none where the value was given and its form is all that is asked for.
"""

from __future__ import annotations

import re
from fractions import Fraction
from functools import lru_cache
from math import gcd, isqrt

from asym_lit.answers.reading import Tree, read_expression
from asym_lit.answers.tokens import UnreadableError
from asym_lit.answers.values import FAULTS, apart, names_of, number_of, value

_NUMBER = r"\d+(?:\.\d+)?"
_FORMS = {
    "fraction": rf"-?(?:\\frac\{{?-?{_NUMBER}\}}?\{{?{_NUMBER}\}}?|{_NUMBER}/{_NUMBER})",
    "mixed": r"-?\d+\s*(?:\\frac\{?\d+\}?\{?\d+\}?|\s\d+/\d+)",
    "decimal": r"-?\d*\.\d+|-?\d*\.\d*\\(?:overline|bar|dot)\{?\d+\}?",
    "integer": r"-?\d+",
    "scientific": rf"-?{_NUMBER}\s*\\(?:times|cdot)\s*10\^\{{?-?\d+\}}?",
    "percent": rf"-?(?:{_NUMBER}|\d*\.\d+|\d+\s*\\frac\{{\d+\}}\{{\d+\}})%",
    "ratio": rf"{_NUMBER}:{_NUMBER}",
}
_AS = r"\b(?:as|to|into|in)\s+(?:a|an|the|its)?\s*(?:\w+[ -]){0,3}?"
_ASKED = {
    "decimal": rf"{_AS}decimals?\b|\bdecimal (?:form|expansion|representation|equivalent|equals)|"
    r"\b(?:what decimal|the decimal (?:for|of))\b",
    "fraction": rf"{_AS}fractions?\b|\bfractional form|\b(?:what|which) (?:\w+ )?fraction\b|\bfraction (?:is|equal|equivalent)",
    "mixed": r"\bmixed (?:number|fraction|numeral)",
    "percent": rf"{_AS}percent|\bwhat percent",
    "scientific": r"\bscientific notation|\bstandard index form",
    "ratio": r"\bratio\b",
}
_GROWN = ("scientific", "percent")
"""What a whole number may be asked for as."""
_WANTS = _ASKED | {
    "reduced": r"\bsimplif|\breduc(?:e|ed|tion)\b|\blowest terms|\bsimplest\b",
    "rewritten": r"\bconvert|\bchange\b|\bequivalent\b|\brewrit|\bimproper\b",
    "radical": r"\bradical form",
    "rational": r"\brationali[sz]",
    "round": r"\b(?:round|approximate|estimate)\b",
    "power": r"\bas (?:a |an )?(?:\w+ )?power of \$?\s*(\d+)",
    "primes": r"\bprime[- ]+(?:power )?(?:factori[sz]|decompos)|\bproduct of (?:\w+ )?prime|\binto (?:\w+ )?prime",
    "factored": r"(?<!common )(?<!scale )(?<!prime )(?<!\ba )\bfactor(?:ed|i[sz]e|i[sz]ation)?\b(?!s? of\b)",
    "expanded": r"\bexpand|\bmultiply out",
}
_DO = r"\b(?:compute|evaluate|calculate|find|what is|what's|value of|write|express|solve)\s+(?:the\s+)?(?:\w+\s+){0,2}?"
_ROUND = r"\b(?:round|approximate|estimate)\s+(?:the\s+)?(?:\w+\s+){0,2}?"
_ROOT = re.compile(r"\\sqrt\{?(\d+)\}?")
_ROOT_BELOW = re.compile(r"\\frac\{[^{}]*(?:\{[^{}]*\}[^{}]*)*\}\{[^{}]*\\sqrt|/\s*\(?[^+]*\\sqrt")


def another_form(gold: str, answer: str, question: str) -> bool:
    """True if an answer is not of the form that is asked for, and the gold one is.

    Args:
        gold: Compact, as `answer`.
        answer: What is asked about; of the gold answer's value.
        question: Cleaned.
    """
    wants = wanted_of(question)
    if "round" in wants and re.search(_ROUND + rf"{re.escape(answer)}(?![\w.])", _spelled_out(question), re.IGNORECASE):
        return True
    return _unchanged(gold, answer, question, wants) or (bool(wants) and _unworked(gold, answer, question, wants))


@lru_cache(maxsize=1024)
def wanted_of(question: str) -> frozenset[str]:
    """The forms that a question speaks of, by name."""
    return frozenset(name for name, pattern in _WANTS.items() if re.search(pattern, question, re.IGNORECASE))


def form_of(text: str) -> str:
    """How a number is written; empty for what is no number by itself."""
    return next((form for form, pattern in _FORMS.items() if re.fullmatch(pattern, text)), "")


def _unchanged(gold: str, answer: str, question: str, wants: frozenset[str]) -> bool:
    """True for a number that was to be written in another way: the question's own one, or another of its form."""
    form, wanted = form_of(answer), form_of(gold)
    spelled = _spelled(answer)
    if not form or (form == wanted and _spelled(gold) == spelled) or {form, wanted} == {"integer", "decimal"}:
        return False
    given = _literals(question)
    if spelled in given:
        asked = wanted in wants or "reduced" in wants or "rewritten" in wants
        if asked and (form != "integer" or wanted in _GROWN):
            return True
        if re.search(_DO + rf"\$?\s*{re.escape(spelled)}(?![\w./])", _spelled_out(question), re.IGNORECASE):
            return True
    size = _value(answer)
    if size is None or len(given) > 2 or not any(_value(text) == size for text in given):
        return False  # the value was to be found
    if form == wanted == "fraction":
        return "reduced" in wants and not _lowest(answer)
    return wanted in wants and form != "integer" and form not in wants


def _unworked(gold: str, answer: str, question: str, wants: frozenset[str]) -> bool:
    """True for an expression that was to be taken apart, multiplied out, or freed of roots, as the gold answer is."""
    if "scientific" in wants and form_of(gold) == "scientific":
        return form_of(answer) in ("integer", "decimal", "fraction")
    if not wants.isdisjoint(("reduced", "radical")) and "\\sqrt" in answer and _root_given(gold, question):
        roots = [[int(n) for n in _ROOT.findall(text)] for text in (gold, answer)]
        if any(map(_square_in, roots[1])) and not any(map(_square_in, roots[0])):
            return True
    if "rational" in wants and _ROOT_BELOW.search(answer) and not _ROOT_BELOW.search(gold):
        return True
    if wants.isdisjoint(("power", "primes", "factored", "expanded")):
        return False
    mine, theirs = _tree(gold), _tree(answer)
    if mine is None or theirs is None:
        return False
    if power := re.search(_WANTS["power"], question, re.IGNORECASE):
        base = ("number", Fraction(int(power[1])))
        return mine[0] == "pow" and mine[1] == base and not (theirs[0] == "pow" and theirs[1] == base)
    if "primes" in wants:
        return _in_primes(mine) and not _in_primes(theirs)
    if "expanded" in wants:
        return not _unmultiplied(mine) and _unmultiplied(theirs)
    return len(_factors(theirs)) < len(_factors(mine))


@lru_cache(maxsize=1024)
def _literals(question: str) -> frozenset[str]:
    """The question's numbers, spelled alike."""
    whole = "|".join(
        f"(?:{_FORMS[name]})" for name in ("scientific", "percent", "mixed", "fraction", "ratio", "decimal", "integer")
    )
    text = re.sub(r"(?<![\w)}])\\frac(\d)(\d)", r"\\frac{\1}{\2}", question)
    return frozenset(_spelled(found) for found in re.findall(rf"(?<![\w./\\^_]){'(?:' + whole + ')'}(?![\w^]|[./]\d)", text))


def _spelled(text: str) -> str:
    """3/4 of all ways to write it so, without spaces but for those of mixed numbers."""
    text = re.sub(rf"\\frac\{{?(-?{_NUMBER})\}}?\{{?({_NUMBER})\}}?", r" \1/\2", text)
    text = re.sub(r"\\(?:bar|dot)", r"\\overline", text)
    text = re.sub(r"\\overline\{?(\d+)\}?", r"\\overline{\1}", text)
    text = re.sub(r"\\cdot", r"\\times", text)
    text = re.sub(r"(?<!\d)\s+|\s+(?!\d)", "", text)
    return re.sub(r"(?<!\d)\.(?=[\d\\])", "0.", text)


def _spelled_out(question: str) -> str:
    return re.sub(rf"\\frac\{{?(-?{_NUMBER})\}}?\{{?({_NUMBER})\}}?", r"\1/\2", question)


@lru_cache(maxsize=4096)
def _value(text: str) -> Fraction | None:
    found = number_of(text.replace("%", "\\%") if "%" in text else text)
    return found if isinstance(found, Fraction) else None


def _lowest(text: str) -> bool:
    numbers = re.findall(r"\d+", text)
    return "." in text or len(numbers) != 2 or (gcd(int(numbers[0]), int(numbers[1])) == 1 and numbers[1] != "1")


def _root_given(gold: str, question: str) -> bool:
    """True if a root is to be simplified; one that was to be found may be left as it is."""
    if re.search(r"\bsimplify\b[^.?!]{0,40}\\sqrt", question, re.IGNORECASE):
        return True
    size = number_of(gold)
    given = (number_of(found) for found in re.findall(r"\d*\s*\\sqrt\s*\{?\d+\}?", question))
    return size is not None and any(one is not None and not apart(one, size, 1e-12) for one in given)


def _square_in(number: int) -> bool:
    """True if a square above 1 divides a number."""
    return number < 10**8 and any(number % (root * root) == 0 for root in range(2, isqrt(number) + 1))


def _tree(text: str) -> Tree | None:
    try:
        return read_expression(text)
    except (UnreadableError, RecursionError):
        return None


def _flat(tree: Tree) -> list[tuple[Tree, int]]:
    """Factors and their exponents."""
    if tree[0] == "mul":
        return _flat(tree[1]) + _flat(tree[2])
    if tree[0] == "neg":
        return _flat(tree[1])
    if tree[0] == "pow":
        try:
            exponent = value(tree[2], {})
        except FAULTS:
            return [(tree, 1)]
        if isinstance(exponent, Fraction) and exponent.denominator == 1 and 0 < exponent < 100:
            return [(base, times * int(exponent)) for base, times in _flat(tree[1])]
    return [(tree, 1)]


def _factors(tree: Tree) -> list[Tree]:
    """Factors that hold names, each as often as it counts."""
    return [base for base, times in _flat(tree) for _ in range(times) if names_of(base)]


def _in_primes(tree: Tree) -> bool:
    return all(base[0] == "number" and base[1].denominator == 1 and _is_prime(int(base[1])) for base, _ in _flat(tree))


def _is_prime(number: int) -> bool:
    return 1 < number < 10**10 and all(number % by for by in range(2, isqrt(number) + 1))


def _unmultiplied(tree: Tree) -> bool:
    """True if a sum is a factor of a product or has an exponent."""
    if tree[0] in ("mul", "pow"):
        flat = _flat(tree)
        sums = [base for base, _ in flat if base[0] in ("add", "sub") and names_of(base)]
        if sums and sum(times for _, times in flat) > 1:
            return True
    return any(_unmultiplied(part) for part in tree[1:] if isinstance(part, tuple))
