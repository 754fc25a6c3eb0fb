"""Programs judged by tests, in a real sandbox where one works here."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
import yaml

from asym_lit.programs.sandbox.places import obstacle
from asym_lit.types import AuditingVerifier, Counting, InputError, Outcome, Prompt, SubmittingVerifier
from asym_lit.verifiers import CodeTests
from asym_lit.verifiers.code import local
from asym_lit.verifiers.code.local import LocalSandbox
from asym_lit.verifiers.code.trials import TRIALS

DATA = Path(__file__).with_name("data")
SUM = {"inputs": ["2 3\n", "10 20\n", "0 0\n"], "outputs": ["5\n", "30\n", "0\n"]}
READ = "a, b = map(int, input().split())\n"
SAME = "class Same:\n    def __eq__(self, other):\n        return True\n"
ADD = {"inputs": ["2\n3", "[1]\n[2]"], "outputs": ["5", "[1, 2]"], "fn_name": "add"}


def prompt_of(tests: Any, uid: str = "p", **more: str) -> Prompt:
    return Prompt(uid, "", {"answer": tests if isinstance(tests, str) else json.dumps(tests), **more}, "code")


def fenced(program: str) -> str:
    return f"So:\n```python\n{program}\n```"


def opened(**settings: Any) -> CodeTests:
    verifier = CodeTests(**{"workers": 1, "seconds": 0.5, **settings})
    try:
        verifier.open()
    except InputError as fault:
        pytest.skip(f"no sandbox here: {fault}")
    return verifier


@pytest.fixture(scope="module", params=["bubblewrap", "landlock"])
def tried(request: pytest.FixtureRequest) -> Iterator[CodeTests]:
    """Each sandbox by itself."""
    verifier = opened(sandbox=request.param)
    yield verifier
    verifier.close()


@pytest.fixture(scope="module")
def verifier() -> Iterator[CodeTests]:
    """Whatever sandbox works."""
    made = opened(bare=True)
    yield made
    made.close()


def test_it_works_beside_its_caller_audits_and_counts(verifier):
    assert isinstance(verifier, SubmittingVerifier) and isinstance(verifier, AuditingVerifier)
    assert isinstance(verifier, Counting)


@pytest.mark.parametrize("trial", TRIALS, ids=lambda trial: trial.name)
def test_right_wrong_and_misbehaving_programs_get_their_verdicts_in_every_sandbox(tried, trial):
    verdict = tried.verify(prompt_of(trial.tests), fenced(trial.program_for(2048)))
    assert verdict.outcome == trial.outcome, verdict.reason
    assert trial.says in verdict.reason


def test_the_self_test_is_passed(tried):
    tried.self_test()


@pytest.mark.parametrize(
    ("program", "outcome", "says"),
    [
        (f"{READ}print(a + b)\nimport os\nos._exit(0)", "incorrect", "another output: ''"),  # nothing was flushed
        (f"{READ}print(a + b, flush=True)\nimport os\nos._exit(0)", "correct", "all tests"),
        (f"{READ}print(a + b, flush=True)\nimport os\nos._exit(200)", "correct", "all tests"),
        (f"{READ}print(a + b)\nraise SystemExit(-1)", "correct", "all tests"),
        (f"{READ}print(a + b)\n1 / 0", "incorrect", "ZeroDivisionError"),
        ("import atexit, sys\nn = sum(map(int, sys.stdin))\n", "incorrect", "ValueError"),
        ("import atexit\natexit.register(lambda: print(sum(map(int, input().split()))))", "correct", "all tests"),
        (f"import threading\ndef main():\n    {READ}    print(a + b)\nthreading.Thread(target=main).start()", "correct", ""),
        ("for line in open(0):\n    print(sum(map(int, line.split())))", "correct", "all tests"),
        (f"count = 0\ndef f():\n    global count\n    count += 1\nf()\n{READ}print(a + b)", "correct", "all tests"),
        (f"{READ}if __name__ == '__main__':\n    print(a + b)", "correct", "all tests"),
        ("print(5)", "incorrect", "test 1"),
        (f"{READ}print(a + b)\nimport ctypes\nctypes.string_at(0)", "incorrect", "crashed: SIGSEGV"),
        ("import math, numbers, decimal\n" + READ + "print(a + b)", "correct", "all tests"),
        ("import no_such_module", "incorrect", "ModuleNotFoundError"),
        ("x = '\ud800'", "incorrect", "Error"),
        ("print('a' * 3_000_000)", "incorrect", "flood"),
        ("while True:\n    try:\n        input()\n    except BaseException:\n        pass", "incorrect", "time limit"),
    ],
)
def test_a_program_is_judged_by_what_it_prints_not_by_how_it_ends(verifier, program, outcome, says):
    verdict = verifier.verify(prompt_of(SUM), fenced(program))
    assert verdict.outcome == outcome and says in verdict.reason, verdict.reason


@pytest.mark.parametrize(
    ("program", "outcome", "says"),
    [
        ("def add(a, b):\n    return a + b", "correct", "all tests"),
        ("class Solution:\n    def add(self, a, b):\n        return a + b", "correct", "all tests"),
        ("def add(a, b):\n    print('x' * 10**7)\n    return a + b", "correct", "all tests"),
        ("def add(a, b):\n    return tuple(a + b) if isinstance(a, list) else a + b", "correct", "all tests"),
        ("def add(a, b):\n    return str(a + b)", "incorrect", "test 0: another result"),
        ("def add(a, b):\n    return {a + b}", "incorrect", "set, which is no plain data"),
        ("def add(a):\n    return a", "incorrect", "TypeError"),
        ("def sub(a, b):\n    return a - b", "incorrect", "no function add"),
        ("def add(a, b):\n    while True: pass", "incorrect", "time limit"),
        ("def add(a, b):\n    raise SystemExit", "incorrect", "SystemExit"),
        (
            "class Same:\n    def __eq__(self, other):\n        return True\ndef add(a, b):\n    return Same()",
            "incorrect",
            "Same",
        ),
    ],
)
def test_a_function_is_judged_by_what_it_returns(verifier, program, outcome, says):
    verdict = verifier.verify(prompt_of(ADD), fenced(program))
    assert verdict.outcome == outcome and says in verdict.reason, verdict.reason


GUARDED = "\nif __name__ == '__main__':\n    print(add(int(input()), int(input())))"
STATE = (
    "class Solution:\n    def __init__(self):\n        self.found = []\n"
    "    def add(self, a, b):\n        self.found.append(a + b)\n        return self.found[0]"
)


@pytest.mark.parametrize("tests", [ADD, {"test_list": ["assert add(2, 3) == 5"]}], ids=["calls", "asserts"])
@pytest.mark.parametrize("behind", [GUARDED, "\nif __name__ == '__main__':\n    import unittest\n    unittest.main()"])
def test_where_functions_are_tested_what_a_program_does_as_a_script_is_not_done(verifier, tests, behind):
    verdict = verifier.verify(prompt_of(tests), fenced(f"def add(a, b):\n    return a + b{behind}"))
    assert verdict.outcome == Outcome.CORRECT, verdict.reason


@pytest.mark.parametrize(
    ("program", "outcome"),
    [
        (STATE, "correct"),  # of a new one for each call: 5, then [1, 2], not 5 again
        ("from operator import sub as add\nclass Solution:\n    def add(self, a, b):\n        return a + b", "correct"),
        ("class Solution:\n    pass\ndef add(a, b):\n    return a + b", "correct"),
        ("class Solution:\n    @staticmethod\n    def add(a, b):\n        return a + b", "correct"),
        (
            "class Solution:\n    def __init__(self, n):\n        pass\n    def add(self, a, b):\n        return a + b",
            "incorrect",
        ),
    ],
)
def test_a_method_of_a_solution_is_called_on_a_new_one_each_time_before_any_function_of_that_name(verifier, program, outcome):
    assert verifier.verify(prompt_of(ADD), fenced(program)).outcome == outcome


def test_annotations_of_a_program_mean_what_they_mean_in_a_file_of_its_own(verifier):
    program = "class Solution:\n    def add(self, a: List, b: List) -> List:\n        return a + b"
    assert "NameError: name 'List'" in verifier.verify(prompt_of(ADD), fenced(program)).reason
    assert verifier.verify(prompt_of(ADD), fenced(f"from typing import List\n{program}")).outcome == Outcome.CORRECT
    shown = "def f(x: int): ...\nprint(f.__annotations__['x'] is int, __file__)"
    tests = {"inputs": [""], "outputs": ["True program.py"]}
    assert verifier.verify(prompt_of(tests), fenced(shown)).reason == "all tests"


def test_the_prelude_of_contests_imports_what_leetcode_does_and_gives_pow_back():
    callbacks = yaml.safe_load((Path(__file__).parents[3] / "configs/callbacks/contest_code.yaml").read_text("utf-8"))
    made = opened(prelude=callbacks[0]["init_args"]["verifier"]["init_args"]["prelude"], seconds=2.0)
    program = (
        "class Solution:\n    def add(self, a: List[int], b: Optional[int]) -> int:\n"
        "        assert pow(2, 3, 5) == 3 and math.gcd(4, 6) == 2 and bisect.bisect([1], 2) == len(deque([1]))\n"
        "        return a + b"
    )
    try:
        assert made.verify(prompt_of(ADD), fenced(program)).reason == "all tests"
    finally:
        made.close()


@pytest.mark.parametrize("head", ["def add(a, b):\n    # 2 and 3 are 5\n", "def add(a, b):\n"])
def test_a_prompt_that_ends_in_a_signature_may_be_written_anew_or_continued(verifier, head):
    tests = {"prompt": head, "entry_point": "add", "test": "def check(f):\n    assert f(2, 3) == 5\n"}
    assert verifier.verify(prompt_of(tests), fenced("def add(a, b):\n    return a + b")).reason == "all tests"
    assert verifier.verify(prompt_of(tests), "    return a + b\n").reason == "all tests"
    assert verifier.verify(prompt_of(tests), fenced("def add(a, b):\n    return a - b")).outcome == Outcome.INCORRECT


@pytest.mark.parametrize("power", [4200, 5000])
def test_integers_of_thousands_of_digits_are_read_whatever_python_prints(verifier, power):
    tests = {"inputs": ["1"], "outputs": ["10"], "fn_name": "f"}
    verdict = verifier.verify(prompt_of(tests), fenced(f"def f(x):\n    return 10 ** {power}"))
    assert verdict.outcome == Outcome.INCORRECT and "another result: '1000" in verdict.reason
    printed = {"inputs": [""], "outputs": ["9" * power]}
    assert verifier.verify(prompt_of(printed), fenced(f"print(10 ** {power} - 1)")).outcome == Outcome.CORRECT
    assert verifier.verify(prompt_of(printed), fenced(f"print(10 ** {power} - 2)")).outcome == Outcome.INCORRECT


def test_labelled_completions_of_human_eval_get_their_labels_and_extra_inputs_are_used(verifier):
    asked = 0
    for line in (DATA / "human_eval.jsonl").read_text().splitlines():
        row = json.loads(line)
        plain = {name: row[name] for name in ("prompt", "test", "entry_point")}
        extra = {**plain, **{name: row[name] for name in ("extra_inputs", "reference", "atol")}}
        for one in row["completions"]:
            verdict = verifier.verify(prompt_of(plain), one["completion"])
            assert (verdict.outcome == Outcome.CORRECT) == one["label"], verdict.reason
            if one["label"]:
                verdict = verifier.verify(prompt_of(extra), one["completion"])
                assert (verdict.outcome == Outcome.CORRECT) == (one["extra_inputs"] == "pass"), verdict.reason
            asked += 1
        whole = fenced(row["prompt"] + row["reference"])
        assert verifier.verify(prompt_of(extra), whole).outcome == Outcome.CORRECT
    assert asked == 5


def test_references_of_mbpp_pass_and_graded_programs_are_judged_on_their_samples(verifier):
    for line in (DATA / "mbpp.jsonl").read_text().splitlines():
        row = json.loads(line)
        assert verifier.verify(prompt_of(row), fenced(row["code"])).outcome == Outcome.CORRECT
    for line in (DATA / "graded.jsonl").read_text().splitlines():
        row = json.loads(line)
        verdict = verifier.verify(prompt_of(row["samples"]), fenced(row["code"]))
        assert (verdict.outcome == Outcome.CORRECT) == row["official_graded"], verdict.reason


def test_the_share_is_a_reward_only_where_it_is_asked_for(verifier):
    half = fenced(f"{READ}print(a + b if a else 1)")  # right on the first two of three
    assert verifier.verify(prompt_of(SUM), half).score is None
    sharing = opened(reward="share")
    try:
        verdict = sharing.verify(prompt_of(SUM), half)
        assert verdict.outcome == Outcome.INCORRECT and verdict.score == pytest.approx(2 / 3)
        assert sharing.verify(prompt_of(SUM), fenced(f"{READ}print(a + b)")).score == 1.0
        assert sharing.verify(prompt_of(SUM), "none").score == 0.0
    finally:
        sharing.close()


def test_as_many_tests_as_asked_for_are_drawn_the_same_in_every_process():
    tests = {"inputs": [f"{n} 1\n" for n in range(50)], "outputs": [str(n + 1) for n in range(50)]}
    few, other = CodeTests(tests=4), CodeTests(tests=4, seed=1)
    (part,) = few.tests_of(prompt_of(tests))
    assert len(part["inputs"]) == 4 and CodeTests(tests=4).tests_of(prompt_of(tests)) == [part]
    assert other.tests_of(prompt_of(tests)) != [part] and few.tests_of(prompt_of(tests, "q")) != [part]
    assert len(CodeTests(tests=0).tests_of(prompt_of(tests))[0]["inputs"]) == 50


def test_no_program_and_a_very_long_one_are_wrong_without_a_run(verifier):
    runs = verifier.metrics()["code/runs"]
    strict = CodeTests(sandbox="landlock")  # never opened
    assert strict.verify(prompt_of(SUM), "print(5)").reason == "no program: no fenced block"
    assert strict.verify(prompt_of(SUM), "x" * 10_000_000).outcome == Outcome.INCORRECT
    long = strict.verify(prompt_of(SUM), fenced("#" * 10_000_000))
    assert long.outcome == Outcome.INCORRECT and "more than 200000 characters" in long.reason
    assert verifier.metrics()["code/runs"] == runs


@pytest.mark.parametrize("tests", ["", "[]", "nonsense", {"inputs": [], "outputs": []}])
def test_a_problem_without_tests_is_refused_by_name(tests):
    with pytest.raises(InputError, match=r"'p' of 'code' has .*tests"):
        CodeTests().submit(prompt_of(tests), fenced("print(1)"))


def test_problems_without_tests_and_solutions_that_fail_their_own_are_unreadable(verifier):
    right, wrong = f"{READ}print(a + b)", f"{READ}print(a * b)"
    prompts = [
        prompt_of(SUM, "good", reference=right),
        prompt_of(SUM, "bad", reference=wrong),
        prompt_of("[]", "none"),
        prompt_of(SUM, "unknown"),
    ]
    found = verifier.unreadable(prompts)
    assert found.keys() == {"bad", "none"}
    assert "its own solution fails: test 0: another output: '6' for '5'" in found["bad"]


def test_the_order_of_sets_is_the_same_in_every_process(verifier):
    program = fenced("print(*{'a', 'b', 'c', 'd', 'e', 'f'})")
    reasons = {verifier.verify(prompt_of(SUM), program).reason for _ in range(3)}
    assert len(reasons) == 1


def test_a_program_finds_no_environment_no_files_of_ours_and_no_other_processes(verifier, monkeypatch, tmp_path):
    secret = tmp_path / "secret.txt"
    secret.write_text("x")
    program = (
        "import os\nfound = [n for n in ('HOME', 'USER', 'PWD', 'PYTHONPATH') if os.environ.get(n, '/tmp') != '/tmp']\n"
        f"print(found, os.path.exists({str(secret)!r}), os.path.exists('/proc/1/cmdline') or os.path.exists('/root/.ssh'),"
        f" os.getuid() == 0)"
    )
    tests = {"inputs": [""], "outputs": ["[] False False False"]}
    assert verifier.verify(prompt_of(tests), fenced(program)).reason == "all tests"


def test_many_at_once_get_the_verdicts_they_get_one_by_one():
    verifier = opened(workers=3)
    programs = [f"{READ}print(a + b + {n % 3 // 2})" for n in range(12)]
    try:
        pending = [verifier.submit(prompt_of(SUM, str(n)), fenced(program)) for n, program in enumerate(programs)]
        outcomes = [one.result().outcome for one in pending]
    finally:
        verifier.close()
    assert outcomes == [Outcome.CORRECT, Outcome.CORRECT, Outcome.INCORRECT] * 4


def test_a_program_killed_from_outside_is_undecided(tried):
    pending = tried.submit(prompt_of(SUM), fenced("import time\ntime.sleep(60)"))
    (supervisor,) = tried.runner.process_ids
    while not pending.done():
        time.sleep(0.5)  # the driver gets to the program, on most machines
        for one in _interpreters_below(supervisor):
            with suppress(ProcessLookupError):
                os.kill(one, signal.SIGKILL)
    verdict = pending.result()
    assert verdict.outcome == Outcome.UNDECIDED
    assert "killed from outside" in verdict.reason or "did not start" in verdict.reason


def test_a_program_that_sleeps_is_undecided_and_costs_the_guard_alone():
    verifier = opened(seconds=0.1)  # by the clock: forty times that, and two seconds
    try:
        verdict = verifier.verify(prompt_of(SUM), fenced("import time\ntime.sleep(600)"))
    finally:
        verifier.close()
    assert verdict.outcome == Outcome.UNDECIDED and "wall guard" in verdict.reason and 5 < verdict.seconds < 60


def test_closing_ends_what_runs_and_leaves_no_process():
    verifier = opened()
    pending = verifier.submit(prompt_of(SUM), fenced("import time\ntime.sleep(600)"))
    (supervisor,) = verifier.runner.process_ids
    deadline = time.monotonic() + 30
    while not (found := _interpreters_below(supervisor)) and time.monotonic() < deadline:
        time.sleep(0.05)
    verifier.close()
    assert pending.exception() is not None
    assert not any(Path(f"/proc/{one}").exists() for one in [supervisor, *found])
    verifier.open()  # once more
    assert verifier.verify(prompt_of(SUM), fenced(f"{READ}print(a + b)")).outcome == Outcome.CORRECT
    verifier.close()


def test_a_supervisor_whose_user_is_gone_ends_with_its_program():
    """The pipe is closed, as by a trainer that was killed."""
    verifier = opened()
    verifier.submit(prompt_of(SUM), fenced("import time\ntime.sleep(600)"))
    (supervisor,) = verifier.runner.process_ids
    deadline = time.monotonic() + 30
    while not (found := _interpreters_below(supervisor)) and time.monotonic() < deadline:
        time.sleep(0.05)
    worker = verifier.runner._pool._workers[0]
    worker.stopped = True
    worker.process.stdin.close()
    while any(_running(one) for one in [supervisor, *found]) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_running(one) for one in [supervisor, *found])
    verifier.close()


def test_without_a_sandbox_it_refuses_and_says_what_is_missing_and_what_unsafe_means(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(InputError, match=r"bwrap is not installed \(apt-get install bubblewrap\)") as told:
        LocalSandbox(1, ("bubblewrap",), sys.executable, False, 1).open(CodeTests().limits)
    assert "unsafe: true runs programs that a model wrote as your own user" in str(told.value)


def test_unsafe_runs_programs_all_the_same_and_warns(monkeypatch, caplog):
    monkeypatch.setattr(local, "MEANS", ())
    verifier = CodeTests(workers=1, seconds=1.0, unsafe=True)
    verifier.runner.means = ()
    try:
        assert verifier.verify(prompt_of(SUM), fenced(f"{READ}print(a + b)")).outcome == Outcome.CORRECT
        assert not verifier.runner.confines
        verifier.self_test()
    finally:
        verifier.close()
    assert "No sandbox works here" in caplog.text


def test_an_interpreter_that_is_none_is_named():
    with pytest.raises(InputError, match="'/bin/false' is no Python interpreter that runs"):
        CodeTests(python="/bin/false").open()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"workers": 0}, "workers of CodeTests is 0; allowed: 1 or more"),
        ({"seconds": 0}, "seconds of CodeTests is 0"),
        ({"memory_mb": 10}, "memory_mb of CodeTests is 10; allowed: 256 or more"),
        ({"tests": -1}, "tests of CodeTests is -1"),
        ({"reward": "half"}, "reward of CodeTests is 'half'; allowed: all, share"),
        ({"sandbox": "docker"}, "sandbox of CodeTests is 'docker'; allowed: auto, bubblewrap, landlock"),
    ],
)
def test_settings_that_are_none_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        CodeTests(**settings)


def test_a_means_that_cannot_be_there_says_why(monkeypatch):
    monkeypatch.setattr("platform.machine", lambda: "riscv64")
    assert "riscv64" in obstacle("landlock") or "numbers of system calls" in obstacle("landlock")
    assert obstacle("none") == ""


def _interpreters_below(root: int) -> list[int]:
    """The processes of a program: those below a supervisor that run the driver and have none below them."""
    found = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True).stdout
    rows = [line.split(None, 2) for line in found.splitlines()]
    parents = {int(pid): int(parent) for pid, parent, *_ in rows}

    def below(one: int) -> bool:
        while one in parents and one != root:
            one = parents[one]
        return one == root

    inside = [
        int(row[0]) for row in rows if len(row) == 3 and "-S -B -c" in row[2] and below(int(row[0])) and int(row[0]) != root
    ]
    return [one for one in inside if one not in {parents[other] for other in inside}]


def _running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
