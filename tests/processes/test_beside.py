"""Work beside its caller: its result, its fault, and its end where nobody waits."""

from __future__ import annotations

import threading

import pytest

from asym_lit.processes.beside import Beside, GivenUpError


def test_the_result_is_there_when_it_is_asked_for_and_how_long_it_took():
    go = threading.Event()
    work = Beside(lambda _heed: go.wait(10) and 42, "sum")
    assert not work.ended(0)
    go.set()
    assert work.result() == 42
    assert work.seconds > 0 and work.fault is None and work.ended(0)


def test_a_fault_is_raised_where_the_result_is_asked_for():
    def fail(_heed):
        raise LookupError("broke")

    work = Beside(fail, "failing")
    work.wait()
    assert isinstance(work.fault, LookupError)
    with pytest.raises(LookupError, match="broke"):
        work.result()


def test_work_that_is_given_up_ends_where_it_heeds():
    done, go = [], threading.Event()

    def three(heed):
        for number in range(3):
            heed()
            done.append(number)
            go.wait(10)

    work = Beside(three, "three")
    work.give_up()
    go.set()
    assert work.ended(10)
    assert isinstance(work.fault, GivenUpError) and done in ([], [0])
