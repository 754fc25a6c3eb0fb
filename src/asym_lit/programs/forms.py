"""The tests of a problem in the forms that data sets have them, read into parts of one kind each.

A part is plain data, for it goes to supervisors as JSON:

    {"kind": "stdin", "inputs": [text], "outputs": [text]}
    {"kind": "calls", "function": name, "calls": [[argument]], "results": [[result, or another that will do]]}
    {"kind": "asserts", "before": text, "entry": name, "setup": text, "asserts": [text]}
    {"kind": "like", "function": name, "before": text, "entry": name, "reference": program, "calls": ..., "absolute": error}
"""

from __future__ import annotations

import ast
import json
import random
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any

from asym_lit.programs.packed import unpacked
from asym_lit.programs.stored import TestsError, arguments_of, is_list, read_json, results_of, text_of

Tests = list[dict[str, Any]]
LONGEST_LITERAL = 20_000_000
"""Characters of tests that are written as a Python literal; JSON may be longer."""


def read_tests(value: Any) -> Tests:
    """The parts of a problem's tests.

    Args:
        value: In any form of the page's list, as it is or as text (JSON, a Python literal, LiveCodeBench's packed one).

    Raises:
        TestsError: If there are none, or they are of no form that is known.
    """
    found = _parsed(value) if isinstance(value, str) else value
    if isinstance(found, Mapping):
        for name, read in _READERS.items():
            if found.get(name) is not None:
                return _checked(read(found))
        raise TestsError(f"tests with the fields {', '.join(map(str, found)) or 'none'}; allowed: one of {', '.join(_READERS)}")
    if isinstance(found, Sequence) and not isinstance(found, str):
        return _checked(_listed({"tests": found}))
    raise TestsError(f"no tests: {str(value)[:60]!r}")


def drawn(tests: Tests, most: int, seed: str) -> Tests:
    """At most so many tests of each part, by a draw that the seed decides, in their order. 0 is all."""
    return [_drawn(part, most, random.Random(f"{seed}/{number}")) for number, part in enumerate(tests)]


def _drawn(part: dict[str, Any], most: int, rng: random.Random) -> dict[str, Any]:
    together = [name for name in ("inputs", "outputs", "calls", "results", "asserts") if name in part]
    size = len(part[together[0]])
    if not 0 < most < size:
        return part
    chosen = sorted(rng.sample(range(size), most))
    return {**part, **{name: [part[name][n] for n in chosen] for name in together}}


def _parsed(text: str) -> Any:
    with suppress(json.JSONDecodeError):
        return read_json(text)
    packed = unpacked(text)
    if packed is not None:
        return _parsed(packed)
    if len(text) > LONGEST_LITERAL or text.lstrip()[:1] not in ("[", "{"):
        raise TestsError(f"no tests: {text[:60]!r}")
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError, MemoryError, RecursionError) as fault:
        raise TestsError(f"tests that are neither JSON nor a Python literal: {text[:60]!r}") from fault


def _checked(tests: Tests) -> Tests:
    """Refuse tests that test nothing."""
    for part in tests:
        sizes = {len(part[name]) for name in ("inputs", "outputs", "calls", "results", "asserts") if name in part}
        if len(sizes) > 1:
            raise TestsError(f"as many inputs as outputs are wanted, and there are {' and '.join(map(str, sorted(sizes)))}")
    full = [part for part in tests if any(part.get(name) for name in ("inputs", "calls", "asserts"))]
    if not full:
        raise TestsError("no tests")
    return full


def _parts(found: Mapping[str, Any]) -> Tests:
    return [dict(part) for part in found["parts"]]


def _in_and_out(found: Mapping[str, Any]) -> Tests:
    """verl's, rllm's, APPS' and TACO's form: `inputs`, `outputs`, `fn_name` where a function is tested; DeepMind's `input`."""
    given, gold = found.get("inputs", found.get("input")), found.get("outputs", found.get("output"))
    name = found.get("fn_name") or found.get("func_name") or _function_of(found)
    if not is_list(given) or not is_list(gold):
        raise TestsError("inputs and outputs are wanted as two lists")
    if not name:
        texts = [[text_of(one) for one in side] for side in (given, gold)]
        return [{"kind": "stdin", "inputs": texts[0], "outputs": texts[1]}]
    as_texts = all(isinstance(one, str) for one in given)
    calls, results = [arguments_of(one) for one in given], [results_of(one, as_texts) for one in gold]
    return [{"kind": "calls", "function": str(name), "calls": calls, "results": results}]


def _listed(found: Mapping[str, Any]) -> Tests:
    """LiveCodeBench's and PrimeIntellect's form: a list of tests, each with `input`, `output`, and what it tests."""
    tests = found["tests"]
    tests = _parsed(tests) if isinstance(tests, str) else tests
    if isinstance(tests, Mapping):
        return read_tests({**tests, **{k: v for k, v in found.items() if k != "tests"}})
    if not is_list(tests) or not all(isinstance(one, Mapping) and "input" in one and "output" in one for one in tests):
        raise TestsError("a list of tests is wanted, each with input and output")
    named = [_function_of(one) or _function_of(found) for one in tests]
    parts = []
    for name in dict.fromkeys(named):
        own = [one for one, its in zip(tests, named, strict=True) if its == name]
        if not name and any(one.get("testtype") == "functional" for one in own):
            raise TestsError("functional tests that do not name their function; write func_name beside them")
        sides = {"inputs": [one["input"] for one in own], "outputs": [one["output"] for one in own], "fn_name": name}
        parts += _in_and_out(sides)
    return parts


def _function_of(found: Mapping[str, Any]) -> str:
    inside = found.get("metadata")
    try:
        inside = read_json(inside) if isinstance(inside, str) else inside
    except (TestsError, json.JSONDecodeError):
        inside = None
    where: list[Mapping[str, Any]] = [found, *([inside] if isinstance(inside, Mapping) else [])]
    names = (one.get(key) for one in where for key in ("fn_name", "func_name"))
    return next((str(name) for name in names if name), "") if found.get("testtype") != "stdin" else ""


def _asserts(found: Mapping[str, Any]) -> Tests:
    """MBPP's form: `test_list`, and code before it. Some copies lack `test_imports`: `import math` where it is needed."""
    setup = [*_lines(found.get("test_imports")), *_lines(found.get("test_setup_code"))]
    asserts = [str(one) for one in _lines(found["test_list"]) if str(one).strip()]
    if any("math." in one for one in asserts) and "import math" not in setup:
        setup.insert(0, "import math")
    return [{"kind": "asserts", "before": "", "entry": "", "setup": "\n".join(setup), "asserts": asserts}]


def _check(found: Mapping[str, Any]) -> Tests:
    """HumanEval's form: `test` defines check, which takes `entry_point`; EvalPlus' extra inputs beside it or alone."""
    entry, before = found.get("entry_point"), str(found.get("prompt") or "")
    if not isinstance(entry, str) or not entry.strip():
        raise TestsError("tests with check(candidate) need an entry_point, the name of the function")
    shared = {"before": before, "entry": entry}
    parts: Tests = []
    if found.get("test"):
        if "check" not in str(found["test"]):
            raise TestsError("tests that define no check")
        parts += [{"kind": "asserts", **shared, "setup": str(found["test"]), "asserts": [f"check({entry})"]}]
    extra = found.get("extra_inputs")
    if extra:
        reference, absolute = str(found.get("reference") or ""), float(found.get("atol") or 0.0)
        if not reference:
            raise TestsError("extra_inputs need a reference, whose results are the right ones")
        calls = [list(arguments) for arguments in extra]
        like = {"function": entry, "reference": reference, "calls": calls, "absolute": absolute}
        parts += [{"kind": "like", **shared, **like}]
    return parts


_READERS: dict[str, Callable[[Mapping[str, Any]], Tests]] = {
    "parts": _parts,
    "inputs": _in_and_out,
    "input": _in_and_out,
    "tests": _listed,
    "test_list": _asserts,
    "test": _check,
    "extra_inputs": _check,
}


def _lines(value: Any) -> list[Any]:
    return [] if not value else [value] if isinstance(value, str) else list(value)
