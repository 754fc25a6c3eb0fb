import re

import pytest

from asym_lit.tasks.countdown import Countdown, CountdownVerifier, countdown_prompt
from asym_lit.tasks.generated import split_of
from asym_lit.types import InputError, Outcome, Prompt

SMALL = {"train_size": 60, "val_size": 20, "test_size": 20}
SPLITS = ("train", "val", "test")


def test_a_problem_is_written_in_the_order_of_its_numbers_and_named_without_it():
    prompt = countdown_prompt([7, 3, 20, 12], 45, "countdown")
    assert prompt.text == "7,3,20,12=45:"
    assert prompt.uid == countdown_prompt([20, 12, 7, 3], 45, "countdown").uid == "3,7,12,20=45"
    assert prompt.answer == {"numbers": [7, 3, 20, 12], "target": 45}


def test_a_generated_problem_stores_the_solution_it_was_made_from():
    task, verifier = Countdown(**SMALL), CountdownVerifier()
    for prompt in task.prompts("val"):
        assert verifier.verify(prompt, prompt.answer["answer"]).outcome == "correct"
    assert "answer" not in countdown_prompt([1, 2], 3, "countdown").answer


def test_splits_have_their_sizes_share_no_problem_and_repeat_none():
    task = Countdown(**SMALL)
    uids = {split: [prompt.uid for prompt in task.prompts(split)] for split in SPLITS}
    assert [len(uids[split]) for split in SPLITS] == [60, 20, 20]
    assert len({uid for split in SPLITS for uid in uids[split]}) == 100
    assert all(split_of(uid) == split for split in SPLITS for uid in uids[split])


def test_splits_stay_disjoint_under_another_seed():
    one, other = Countdown(**SMALL), Countdown(**SMALL, seed=1)
    assert [p.uid for p in one.prompts("train")] != [p.uid for p in other.prompts("train")]
    assert not {p.uid for p in one.prompts("train")} & {p.uid for p in other.prompts("test")}


def test_eight_of_ten_problems_are_for_training():
    splits = [split_of(f"{i},{i + 1}={i + 2}") for i in range(4000)]
    # A byte modulo 10: 206, 25 and 25 of 256 values.
    for split, share in (("train", 206 / 256), ("val", 25 / 256), ("test", 25 / 256)):
        assert splits.count(split) / 4000 == pytest.approx(share, abs=0.02)


def test_problems_are_the_same_in_every_process_and_version():
    task = Countdown(train_size=2, val_size=1, test_size=1)
    assert [prompt.text for split in SPLITS for prompt in task.prompts(split)] == [
        "12,14,12,11=49:",
        "7,16,20,10=19:",
        "2,1,5,2=22:",
        "1,16,10,7=2:",
    ]


def test_a_larger_split_begins_with_the_smaller_one():
    small, large = Countdown(**SMALL), Countdown(**{**SMALL, "train_size": 90})
    assert large.prompts("train")[:60] == small.prompts("train")


@pytest.mark.parametrize("operators", ["+-*", "/", "+-*/", "-"])
@pytest.mark.parametrize("numbers", [2, [3, 5]])
def test_demonstrations_are_right_and_made_of_training_problems(operators, numbers):
    task = Countdown(numbers=numbers, operators=operators, low=1, high=12)
    verifier = CountdownVerifier()
    for index in range(15):
        prompt, response = task.demonstration(seed=3, index=index)
        verdict = verifier.verify(prompt, response)
        assert verdict.outcome == "correct", (prompt.text, response, verdict.reason)
        assert split_of(prompt.uid) == "train"
        assert len(prompt.answer["numbers"]) in ([numbers] if isinstance(numbers, int) else numbers)
        assert all(1 <= n <= 12 for n in prompt.answer["numbers"])
        assert 1 <= prompt.answer["target"] <= 100
        assert set(response) - set("0123456789()") <= set(operators)


def test_demonstrations_depend_on_seed_and_index_alone():
    task = Countdown(**SMALL)
    assert task.demonstration(0, 5) == Countdown(**SMALL, seed=9).demonstration(0, 5)
    assert len({task.demonstration(0, i)[0].uid for i in range(10)} | {task.demonstration(1, 0)[0].uid}) == 11


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"operators": ""}, r"operators is ''; allowed: one or more of"),
        ({"operators": "+^"}, r"operators is '\+\^'"),
        ({"low": 0}, "low is 0 and high is 20; allowed: 1 <= low <= high"),
        ({"low": 5, "high": 4}, "low is 5 and high is 4"),
        ({"target_low": 5, "target_high": 4}, "target_low is 5 and target_high 4; allowed: target_low <= target_high"),
        ({"numbers": 1}, "numbers is 1; allowed: 2 to 8"),
        ({"numbers": [3, 9]}, r"numbers is \[3, 9\]"),
        ({"numbers": []}, r"numbers is \[\]"),
    ],
)
def test_impossible_settings_are_refused(settings, words):
    with pytest.raises(InputError, match=words):
        Countdown(**settings)


def test_more_problems_than_there_are_is_refused_with_what_to_write():
    task = Countdown(numbers=2, low=1, high=2, operators="+", train_size=50)
    with pytest.raises(InputError, match=r"only \d different train problems were found, 50 are asked for; .*train_size"):
        task.prompts("train")


@pytest.mark.parametrize(
    ("response", "outcome", "reason"),
    [
        ("6/2*3", "correct", "equals the target"),
        ("3*(6-2)-3", "incorrect", r"uses \[2, 3, 3, 6\], not \[2, 3, 6\]"),  # 3 twice
        ("  6 / 2 * 3\n", "correct", "equals the target"),
        ("3/2*6", "correct", "equals the target"),  # 3/2 on the way is allowed
        ("2*3+6", "incorrect", "equals 12, not 9"),
        ("6/(2*3)", "incorrect", "equals 1, not 9"),
        ("2/(3*6)", "incorrect", "equals 1/9, not 9"),
        ("6+3", "incorrect", r"uses \[3, 6\], not \[2, 3, 6\]"),
        ("6+3+2-2", "incorrect", "uses"),
        ("62*3", "incorrect", r"uses \[3, 62\]"),
        ("9", "incorrect", "uses"),
        ("", "incorrect", "no expression: unexpected end"),
        ("6/2*3=9", "incorrect", "no expression: unexpected '=9'"),
        ("6/(2-2)*3", "incorrect", "no expression: division by zero"),
    ],
)
def test_a_response_must_use_each_number_once_and_reach_the_target(response, outcome, reason):
    verdict = CountdownVerifier().verify(countdown_prompt([2, 3, 6], 9, "countdown"), response)
    assert verdict.outcome is Outcome(outcome)
    assert re.search(reason, verdict.reason), verdict.reason
    assert verdict.by == "countdown"
    assert verdict.extracted == (response.strip() or None)
    assert verdict.seconds >= 0


def test_a_number_given_twice_must_be_used_twice():
    prompt = countdown_prompt([4, 4, 2], 10, "countdown")
    assert CountdownVerifier().verify(prompt, "4+4+2").outcome == "correct"
    assert CountdownVerifier().verify(countdown_prompt([4, 4, 2], 6, "countdown"), "4+2").outcome == "incorrect"


@pytest.mark.parametrize(
    ("response", "outcome"),
    [
        ("I think <answer>6/2*3</answer>", "correct"),
        ("<answer>1</answer> no: <answer> 6/2*3 </answer> done", "correct"),
        ("6/2*3", "incorrect"),
        ("<answer>6/2*3", "incorrect"),
        ("</answer>6/2*3<answer>", "incorrect"),
    ],
)
def test_with_a_tag_only_the_last_tagged_answer_is_read(response, outcome):
    verifier = CountdownVerifier(answer_tag="answer")
    assert verifier.verify(countdown_prompt([2, 3, 6], 9, "countdown"), response).outcome == outcome


@pytest.mark.parametrize(
    ("response", "with_target", "outcome"),
    [
        ("6/2*3 = 9", True, "correct"),
        ("6/2*3=9", True, "correct"),
        ("6/2*3", True, "correct"),
        ("6/2*3 = 9", False, "incorrect"),
        ("6/2*3 = 8", True, "incorrect"),
        ("2*3+6 = 9", True, "incorrect"),  # which is 12
        ("6/2*3 = 9 = 9", True, "incorrect"),
        ("= 9", True, "incorrect"),
    ],
)
def test_the_target_may_stand_behind_the_expression_where_the_setting_says_so(response, with_target, outcome):
    verifier = CountdownVerifier(with_target=with_target)
    assert verifier.verify(countdown_prompt([2, 3, 6], 9, "countdown"), response).outcome == outcome


@pytest.mark.parametrize("tag", ["", "answer"])
def test_the_verifier_passes_its_own_test(tag):
    CountdownVerifier(tag).self_test()


@pytest.mark.parametrize("constant", [Outcome.CORRECT, Outcome.INCORRECT])
def test_the_self_test_finds_a_verifier_that_always_says_the_same(constant):
    class Broken(CountdownVerifier):
        def _judge(self, text, numbers, target):
            return constant, "always"

    with pytest.raises(RuntimeError, match=rf"countdown: called '.*' for '2,3,6=9:' {constant}, not"):
        Broken().self_test()


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ({"answer": "5", "question": "2+3="}, "needs a list under 'numbers', .*has answer, question"),
        ({"numbers": [2, 3]}, "needs a whole number under 'target'"),
        ({"numbers": "2,3", "target": 5}, "needs a list under 'numbers', .*is '2,3' there"),
    ],
)
def test_a_problem_of_another_task_is_refused_by_name(answer, said):
    with pytest.raises(InputError, match=said):
        CountdownVerifier().verify(Prompt("7", "2+3=", answer, "mine"), "2+3")
    as_text = {"numbers": (2, 3), "target": "5"}  # as files may have it
    assert CountdownVerifier().verify(Prompt("7", "2+3=", as_text, "mine"), "2+3").outcome == "correct"
