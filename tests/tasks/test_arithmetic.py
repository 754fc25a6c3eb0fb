import re
from contextlib import suppress
from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from asym_lit.tasks.arithmetic import MAX_CHARACTERS, MAX_DEPTH, ExpressionError, Term, parse


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2+3*4", 14),  # products first
        ("(2+3)*4", 20),
        ("20-3-4", 13),  # from the left
        ("24/4/3", 2),
        ("24/(4/3)", 18),
        ("1/3*3", 1),  # exactly, not 0.999...
        ("1/3+1/6", Fraction(1, 2)),
        ("-2*3", -6),
        ("2--3", 5),
        ("-(2-5)", 3),
        (" 7 \n* 6 ", 42),
        ("007", 7),
        ("((((5))))", 5),
    ],
)
def test_an_expression_has_its_school_value(text, value):
    assert parse(text).value == value


def test_an_expression_tells_its_numbers_and_operators_in_reading_order():
    expression = parse("12*(3-1)/-12")
    assert expression.numbers == (12, 3, 1, 12)
    assert sorted(expression.operators) == ["*", "-", "/"]  # the sign before 12 is no operator


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "unexpected end"),
        ("3+", "unexpected end"),
        ("3+*4", r"unexpected '\*'"),
        ("3 4", "unexpected '4'"),
        ("3)", r"unexpected '\)'"),
        ("(3", r"missing '\)'"),
        ("+3", r"unexpected '\+'"),
        ("2**3", r"unexpected '\*'"),
        ("7//2", "unexpected '/'"),
        ("3.5", r"unexpected '\.5' at character 2"),
        ("3=3", "unexpected '=3' at character 2"),
        ("a+1", r"unexpected 'a\+1' at character 1"),
        ("2²", "unexpected '²' at character 2"),
        ("__import__('os')", "unexpected '__import' at character 1"),
        ("1/0", "division by zero"),
        ("4/(2-2)", "division by zero"),
        ("1" * 19, "unexpected '11111111' at character 1"),  # 18 digits at most
        ("1" * (MAX_CHARACTERS + 1), f"{MAX_CHARACTERS + 1} characters; at most {MAX_CHARACTERS} are read"),
        ("(" * (MAX_DEPTH + 1) + "1" + ")" * (MAX_DEPTH + 1), f"nested deeper than {MAX_DEPTH}"),
        ("-" * (MAX_DEPTH + 1) + "1", f"nested deeper than {MAX_DEPTH}"),
    ],
)
def test_what_is_no_expression_is_refused_with_the_place_of_the_fault(text, words):
    with pytest.raises(ExpressionError, match=words):
        parse(text)


def test_nesting_up_to_the_limit_is_read():
    assert parse("(" * MAX_DEPTH + "1" + ")" * MAX_DEPTH).value == 1
    assert parse("+".join(["(1)"] * 100)).value == 100  # depth is given back


def python_value(text):
    """What Python's own grammar makes of a text, over fractions."""
    return eval(re.sub(r"\d+", lambda number: f"Fraction('{number[0]}')", text), {"Fraction": Fraction})


@given(st.text(alphabet="0123456789+-*/() ", max_size=14))
@example("2-3--4*(1/5)")
def test_any_text_is_refused_or_read_as_python_reads_it(text):
    try:
        expression = parse(text)
    except ExpressionError:
        return
    assert expression.value == python_value(text.strip())


@given(st.text(max_size=30))
def test_no_text_raises_anything_but_an_expression_error(text):
    with suppress(ExpressionError):
        assert parse(text).numbers


number_terms = st.integers(0, 30).map(lambda n: Term(str(n), Fraction(n)))


def joined_terms(children):
    joined = st.tuples(children, st.sampled_from("+-*/"), children).map(lambda t: t[0].joined(t[1], t[2]))
    return joined.filter(lambda term: term is not None)


@given(st.recursive(number_terms, joined_terms, max_leaves=10))
def test_what_was_written_reads_back_as_what_was_meant(term):
    expression = parse(term.text)
    assert expression.value == term.value
    assert expression.value == python_value(term.text)
    assert len(expression.numbers) == len(expression.operators) + 1


@pytest.mark.parametrize(
    ("left", "operator", "right", "text"),
    [
        ("1+2", "*", "3", "(1+2)*3"),
        ("3", "*", "1+2", "3*(1+2)"),
        ("1+2", "+", "3", "1+2+3"),
        ("3", "+", "1-2", "3+1-2"),
        ("3", "-", "1+2", "3-(1+2)"),
        ("3", "-", "1*2", "3-1*2"),
        ("6", "/", "2*3", "6/(2*3)"),
        ("6", "*", "2/3", "6*2/3"),
        ("1*2", "/", "3", "1*2/3"),
    ],
)
def test_no_more_parentheses_are_written_than_needed(left, operator, right, text):
    def term(source):
        precedence = 1 if set(source) & set("+-") else 2 if set(source) & set("*/") else 3
        return Term(source, parse(source).value, precedence)

    assert term(left).joined(operator, term(right)).text == text


def test_division_by_zero_cannot_be_written():
    assert Term("3", Fraction(3)).joined("/", Term("2-2", Fraction(0), 1)) is None


def test_steps_are_the_evaluation_in_its_order():
    assert parse("(20-7)*3+6").steps == ("20-7=13", "13*3=39", "39+6=45")
    assert parse("1-7/(2+3)").steps == ("2+3=5", "7/5=7/5", "1-7/5=-2/5")
    assert parse("7").steps == ()
