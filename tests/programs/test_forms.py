"""Tests of programs in the forms that data sets have them."""

from __future__ import annotations

import base64
import json
import pickle
import zlib

import pytest

from asym_lit.programs.forms import drawn, read_tests
from asym_lit.programs.packed import unpacked
from asym_lit.programs.stored import TestsError

STDIN = [{"kind": "stdin", "inputs": ["1\n"], "outputs": ["2\n"]}]
CALLS = [{"kind": "calls", "function": "f", "calls": [[1, [2]]], "results": [[3]]}]


def packed(text: str) -> str:
    """As LiveCodeBench packs its private tests."""
    return base64.b64encode(zlib.compress(pickle.dumps(text))).decode()


@pytest.mark.parametrize(
    "given",
    [
        {"inputs": ["1\n"], "outputs": ["2\n"]},
        json.dumps({"inputs": ["1\n"], "outputs": ["2\n"]}),
        "{'inputs': ['1\\n'], 'outputs': ['2\\n']}",
        {"input": ["1\n"], "output": ["2\n"]},
        [{"input": "1\n", "output": "2\n", "testtype": "stdin"}],
        {"tests": json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin", "metadata": {"func_name": None}}])},
        {"tests": {"inputs": ["1\n"], "outputs": ["2\n"]}},
        {"parts": STDIN},
        packed(json.dumps([{"input": "1\n", "output": "2\n", "testtype": "stdin"}])),
    ],
)
def test_inputs_and_outputs_are_read_in_every_form(given):
    assert read_tests(given) == STDIN


@pytest.mark.parametrize(
    "given",
    [
        {"inputs": ["1\n[2]"], "outputs": ["3"], "fn_name": "f"},
        {"inputs": [[1, [2]]], "outputs": [3], "fn_name": "f"},
        [{"input": "1\n[2]", "output": "3", "fn_name": "f"}],
        [{"input": "1\n[2]", "output": "3", "testtype": "functional", "metadata": {"func_name": "f"}}],
        {"tests": [{"input": "1\n[2]", "output": "3", "testtype": "functional"}], "metadata": '{"func_name": "f"}'},
    ],
)
def test_calls_of_a_function_are_read_in_every_form(given):
    assert read_tests(given) == CALLS


def test_a_result_that_stands_alone_in_a_list_may_be_meant_without_it():
    (part,) = read_tests({"inputs": [[1]], "outputs": [[6]], "fn_name": "f"})
    assert part["results"] == [[[6], 6]]


def test_a_text_stands_for_itself_where_inputs_are_plain_values():
    (plain,) = read_tests({"inputs": [["abc"]], "outputs": ["5"], "fn_name": "f"})
    (json_lines,) = read_tests({"inputs": ['"abc"'], "outputs": ["5"], "fn_name": "f"})
    assert plain["results"] == [[5, "5"]] and json_lines["results"] == [[5]]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (json.dumps({"inputs": ["1"], "outputs": ["9" * 5000], "fn_name": "f"}), "an integer of more than 4,300 digits"),
        ({"inputs": ["9" * 5000], "outputs": ["1"], "fn_name": "f"}, "an integer of more than 4,300 digits"),
        ('{"inputs": [[' + "9" * 5000 + "]]}", "an integer of more than 4,300 digits"),
        ({"inputs": ["[" * 100_000], "outputs": ["1"], "fn_name": "f"}, "nested too deeply"),
        ({"inputs": ["1"], "outputs": ["[" * 100_000], "fn_name": "f"}, "nested too deeply"),
    ],
)
def test_what_python_does_not_read_is_said(given, words):
    with pytest.raises(TestsError, match=words):
        read_tests(given)


def test_asserts_and_checks_are_run_as_they_stand():
    (mbpp,) = read_tests(
        {"test_list": ["assert f(1) == 2", " "], "test_setup_code": "import math", "test_imports": ["import re"]}
    )
    assert mbpp["asserts"] == ["assert f(1) == 2"] and mbpp["setup"] == "import re\nimport math"
    (check,) = read_tests({"prompt": "def f(x):\n", "test": "def check(c): ...", "entry_point": "f"})
    assert check["asserts"] == ["check(f)"] and check["before"] == "def f(x):\n" and check["entry"] == "f"


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (None, "no tests"),
        ("", "no tests"),
        ("[]", "no tests"),
        ("42", "no tests"),
        ("nonsense", "no tests: 'nonsense'"),
        ("[1, __import__('os')]", "neither JSON nor a Python literal"),
        ({"inputs": [], "outputs": []}, "no tests"),
        ({"inputs": ["1"], "outputs": []}, "1 and 0|0 and 1"),
        ({"inputs": ["1"]}, "two lists"),
        ({"inputs": ["x"], "outputs": ["1"], "fn_name": "f"}, "no JSON value a line"),
        ({"test_list": []}, "no tests"),
        ({"test": "def check(c): ..."}, "entry_point"),
        ({"test": "assert 1", "entry_point": "f"}, "define no check"),
        ({"solutions": []}, "solutions; allowed: one of parts, inputs"),
        ([{"input": "1"}], "each with input and output"),
        ([{"input": "1", "output": "1", "testtype": "functional"}], "write func_name"),
        ({"extra_inputs": [[1]], "entry_point": "f"}, "need a reference"),
    ],
)
def test_what_holds_no_tests_is_refused_with_what_is_wanted(given, words):
    with pytest.raises(TestsError, match=words):
        read_tests(given)


def test_nothing_is_unpickled_but_one_text():
    assert unpacked(packed("x" * 100_000)) == "x" * 100_000
    assert unpacked(base64.b64encode(zlib.compress(pickle.dumps(print))).decode()) is None
    assert unpacked(base64.b64encode(zlib.compress(pickle.dumps(["a"]))).decode()) is None
    assert unpacked("abcd") is None and unpacked("no base64!") is None


def test_a_draw_keeps_order_and_hangs_on_the_seed_alone():
    tests = [{"kind": "stdin", "inputs": list("abcdefgh"), "outputs": list("ABCDEFGH")}]
    (few,) = drawn(tests, 3, "0/uid")
    assert len(few["inputs"]) == 3 and few["inputs"] == sorted(few["inputs"])
    assert few["outputs"] == [text.upper() for text in few["inputs"]]
    assert drawn(tests, 3, "0/uid") == [few] and any(drawn(tests, 3, f"{n}/uid") != [few] for n in range(1, 5))
    assert drawn(tests, 0, "0/uid") == tests and drawn(tests, 8, "0/uid") == tests
