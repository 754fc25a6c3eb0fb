"""In what a question wants its answer; corpus and families hold more of it."""

from __future__ import annotations

import pytest

from asym_lit.answers.fitting import fits
from asym_lit.answers.questions import read_question
from asym_lit.answers.units import unit_of
from asym_lit.answers.wanted import wanted_in


@pytest.mark.parametrize(
    ("question", "names"),
    [
        ("A road is 2.4 km long. How many metres is that?", {"meter"}),
        ("How many minutes are in 3 hours?", {"minute"}),
        ("Convert 5 feet to inches.", {"inch"}),
        ("What is the price in cents?", {"cent"}),
        ("3 hours = ____ minutes", {"minute"}),
        ("To the nearest minute, how long does it take to burn 7 cm?", {"minute"}),
        ("A film lasts 2 hours. Give its length in minutes.", {"minute"}),
        ("How many hours does it last? Give your answer in minutes.", {"minute"}),
        ("Who came in second in the race?", set()),
        ("How many in a row?", set()),
        ("What is the area?", set()),
    ],
)
def test_the_unit_that_is_asked_for_is_none_that_is_only_given(question, names):
    assert {unit.name for unit in wanted_in(question).units} == names


@pytest.mark.parametrize(
    ("question", "things"),
    [
        ("24 pupils sit in rows of 4. How many rows are there?", {"row"}),
        ("How many blue marbles does Kim have?", {"blue", "marble"}),
        ("How many of the 30 pupils passed?", set()),
        ("Find the number of children.", {"child"}),
        ("How many are left?", set()),
    ],
)
def test_the_things_that_are_counted_stand_behind_how_many(question, things):
    assert wanted_in(question).things == things


@pytest.mark.parametrize(
    ("question", "unit", "fit"),
    [
        ("How many metres are 2 km?", "metres", True),
        ("How many metres are 2 km?", "km", False),
        ("How many metres are 2 km?", "apples", None),
        ("24 pupils sit in rows of 4. How many rows are there?", "rows", True),
        ("24 pupils sit in rows of 4. How many rows are there?", "pupils", None),
        ("It is 4 ft by 5 ft. What is its area?", "ft^2", True),
        ("It is 4 ft by 5 ft. What is its area?", "ft", None),
        ("It is 4 ft by 5 ft. What is its area?", "m^2", None),  # made of no unit of the question
        ("It goes 30 km in 2 hours. What is its speed?", "km/h", True),
        ("It goes 30 km in 2 hours. What is its speed?", "m/s", None),
        ("A book costs \\$7. What is the price in cents?", "dollars", False),
        ("What fraction of an hour are 20 minutes?", "minutes", None),
        ("It is 5 km long. Then comes a bridge.", "km", True),  # nothing is asked for: as lenient as before
    ],
)
def test_a_unit_fits_does_not_or_cannot_be_told(question, unit, fit):
    found = unit_of(unit)
    assert found is not None
    assert fits(found, read_question(question)) is fit
