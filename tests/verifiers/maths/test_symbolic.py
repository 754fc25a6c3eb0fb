from __future__ import annotations

import importlib.util
import os
import resource
import signal
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from asym_lit.processes.worker import WorkerError, script_command
from asym_lit.processes.workers import WorkerPool
from asym_lit.types import Outcome, Prompt, SubmittingVerifier
from asym_lit.verifiers import Symbolic

ISSUE_65 = "\\dfrac{5^{\\left(5^{\\left(5^{\\left(5^5\\right)}\\right)} - 4\\right)} - 5}{16}"
"""From Math-Verify's issue 65: it is parsed, but what is parsed cannot be written out."""


def asked(gold: str, uid: str = "p") -> Prompt:
    return Prompt(uid, "What is it?", {"answer": gold, "question": "What is it?"}, "maths")


@pytest.fixture(scope="module")
def symbolic():
    verifier = Symbolic(workers=1, seconds=2)
    verifier.open()
    yield verifier
    verifier.close()


def test_it_proves_itself_and_may_be_submitted_to(symbolic):
    symbolic.self_test()
    assert isinstance(symbolic, SubmittingVerifier)


@pytest.mark.parametrize(
    ("gold", "response", "outcome"),
    [
        ("\\frac{3}{4}", "Hence \\boxed{0.75}.", Outcome.CORRECT),
        ("(1, 2)", "The answer is $(1,2)$.", Outcome.CORRECT),
        ("x \\in [0, 1)", "\\boxed{[0,1)}", Outcome.CORRECT),
        ("5", "\\boxed{6}", Outcome.INCORRECT),
        ("5", "It is 5, or so.\nWho knows?", Outcome.INCORRECT),
        ("5", "\\boxed{}", Outcome.INCORRECT),
        ("5", "\\boxed{" + "5" * 6000 + "}", Outcome.INCORRECT),
    ],
)
def test_equal_answers_are_right_however_they_are_written(symbolic, gold, response, outcome):
    assert symbolic.verify(asked(gold), response).outcome == outcome


def test_an_expression_that_cannot_be_computed_is_undecided_and_the_next_one_is_judged(symbolic):
    hanging = symbolic.verify(asked("12"), f"\\boxed{{{ISSUE_65}}}")
    assert (hanging.outcome, hanging.reason) == (Outcome.UNDECIDED, "timeout")
    assert hanging.extracted == ISSUE_65
    assert symbolic.verify(asked("12"), "\\boxed{12}").outcome == Outcome.CORRECT


def test_a_killed_worker_loses_no_verdict(symbolic):
    waiting = [symbolic.submit(asked(str(n)), f"\\boxed{{{2 * n}/2}}") for n in range(60)]
    waiting[3].result()
    os.kill(symbolic.process_ids[0], signal.SIGKILL)
    assert [w.result().outcome for w in waiting] == [Outcome.CORRECT] * 60


def test_a_prompt_without_a_gold_answer_is_refused(symbolic):
    with pytest.raises(ValueError, match="needs a text under 'answer'"):
        symbolic.verify(Prompt("p", "?", {"numbers": [1]}, "countdown"), "\\boxed{1}")


def test_closing_ends_the_processes_and_cancels_what_waits():
    verifier = Symbolic(workers=1)
    waiting = [verifier.submit(asked("1"), "\\boxed{9^{9^{9^9}}}") for _ in range(3)]
    processes = verifier.process_ids
    verifier.close()
    assert not any(Path(f"/proc/{pid}").exists() for pid in processes)
    assert verifier.process_ids == [] and all(w.done() for w in waiting)


def script(tmp_path: Path, body: str) -> list[str]:
    path = tmp_path / "worker.py"
    ready = 'import sys\nprint(\'{"outcome": "correct", "reason": "ready"}\', flush=True)\n'
    path.write_text(ready + body)
    return script_command(str(path))


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("import os\nfor line in sys.stdin: os.abort()", "crash: SIGABRT"),
        ("for line in sys.stdin: sys.exit(3)", "crash: exit status 3"),
        ("import os, signal\nfor line in sys.stdin: os.kill(os.getpid(), signal.SIGKILL)", "crash: SIGKILL"),
        ("import time\nfor line in sys.stdin: time.sleep(60)", "timeout"),
    ],
)
def test_a_worker_that_dies_or_hangs_leaves_the_verdict_open_and_is_replaced(tmp_path, body, reason):
    pool = WorkerPool(script(tmp_path, body), workers=1, seconds=0.5)
    replies = [pool.submit({"gold": "1", "answer": "1"}).result() for _ in range(2)]
    pool.close()
    assert [(r["outcome"], r["reason"]) for r in replies] == [("undecided", reason)] * 2


def test_a_worker_that_never_starts_is_an_error_not_a_verdict(tmp_path):
    path = tmp_path / "broken.py"
    path.write_text("raise SystemExit(7)")
    pool = WorkerPool(script_command(str(path)), workers=1, seconds=1)
    with pytest.raises(WorkerError, match="does not start: exit status 7"):
        pool.submit({"gold": "1", "answer": "1"}).result()
    pool.close()


BETWEEN = "\\sin(x)^2+\\cos(x)^2+(x+y+z)^{12}-(x+y+z)^{11}(x+y+z)"
ROWS = [
    *(("\\frac{1}{2}", "0.5"), ("x^2-1", "(x-1)(x+1)"), ("3", "4"), ("\\sqrt{8}", "2\\sqrt{2}"), ("1", BETWEEN)),
    *(("12", ISSUE_65), ("3", "x^{" * 60 + "2" + "}" * 60), ("[1,2)", "(1,2]")),
]


def verdicts(workers: int, rows: list[tuple[str, str]], burning: int = 0) -> dict[tuple[str, str], tuple[str, str]]:
    """What it says of the rows, beside some processes that keep the machine busy once its own have started."""
    verifier = Symbolic(workers=workers, seconds=1, whole_only=False)
    busy: list[subprocess.Popen[bytes]] = []
    try:
        verifier.open()
        for started in [verifier.submit(asked("1"), "\\boxed{1}") for _ in range(workers)]:
            assert started.result().outcome == Outcome.CORRECT
        busy += [subprocess.Popen([sys.executable, "-c", "while True: pass"]) for _ in range(burning)]
        pending = [(row, verifier.submit(asked(row[0]), f"\\boxed{{{row[1]}}}")) for row in rows]
        return {row: (str(p.result().outcome), p.result().reason) for row, p in pending}
    finally:
        for process in busy:
            process.kill()
            process.wait()
        verifier.close()


def test_a_busy_machine_more_workers_and_another_order_change_no_verdict():
    idle = verdicts(1, ROWS)
    assert verdicts(2, ROWS[::-1], burning=3) == idle
    assert idle["12", ISSUE_65] == ("undecided", "timeout")
    assert {idle[row][0] for row in ROWS} == {"correct", "incorrect", "undecided"}


def test_what_is_given_up_is_given_up_by_the_process_itself_which_goes_on(symbolic):
    processes, restarts = symbolic.process_ids, symbolic.pool.restarts
    assert symbolic.verify(asked("3"), "\\boxed{" + "x^{" * 60 + "2" + "}" * 60 + "}").reason == "timeout"
    assert (symbolic.process_ids, symbolic.pool.restarts) == (processes, restarts)


@pytest.fixture
def worker(monkeypatch):
    """The module that the processes run, with a Math-Verify of our own."""
    spec = importlib.util.spec_from_file_location("symbolic_worker", Symbolic.script)
    assert spec and spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    # The limit on processor time would be that of the process of the tests, and end it.
    limits = {name: getattr(resource, name) for name in ("RLIMIT_CPU", "RLIM_INFINITY")}
    monkeypatch.setattr(module, "resource", SimpleNamespace(setrlimit=lambda *_: None, **limits))
    module.MATH = SimpleNamespace(forget=lambda: None, seed=lambda _: None, boxed=())
    module.MATH.parse = lambda text, **_: [text]
    return module


@pytest.mark.parametrize("fault", [KeyError("x"), TypeError("no"), AttributeError("is_Add")])
def test_a_comparison_that_raises_cannot_be_told_and_the_reason_names_kinds(worker, fault):
    worker.MATH.verify = raising(fault)
    reply = worker.compare({"gold": "1", "answer": "2"}, 1.0)
    assert (reply["outcome"], reply["reason"]) == ("undecided", "a text and a text cannot be compared")


def test_an_answer_that_cannot_be_read_and_one_nested_too_deeply_are_undecided_by_kind(worker):
    worker.MATH.verify = raising(RecursionError())
    assert worker.compare({"gold": "1", "answer": "2"}, 1.0)["reason"] == "nested too deeply"
    worker.MATH.parse = raising(ValueError("bad"))
    assert worker.compare({"gold": "3", "answer": "2"}, 1.0)["reason"] == "the gold answer cannot be read"


def test_a_budget_that_a_library_swallows_is_spent_all_the_same(worker):
    def stubborn(*_, **__):
        try:
            while True:
                abs(-1)
        except BaseException:
            return True

    worker.MATH.verify = stubborn
    reply = worker.compare({"gold": "1", "answer": "2"}, 0.2)
    assert (reply["outcome"], reply["reason"]) == ("undecided", "timeout")


def test_steps_are_counted_alike_however_often(worker):
    def work(budget):
        with budget:
            return sum(abs(-n) for n in range(1000))

    left = []
    for _ in range(3):
        budget = worker.Budget(1.0, counted=True)
        work(budget)
        left.append(budget._left)
    assert left[0] == left[1] == left[2]
    spent = worker.Budget(100 / worker.STEPS_PER_SECOND, counted=True)  # a hundred steps
    with pytest.raises(worker.SpentError):
        work(spent)


def raising(fault):
    def verify(*_, **__):
        raise fault

    return verify
