"""Few-shot prompts: what is shown before a question, in plain text and in a chat, and what is refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from asym_lit.policy.characters import character_tokenizer
from asym_lit.rollout.prompt_sets import PromptSets
from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.rollout.shots import shot_pool
from asym_lit.types import InputError, Prompt, Sampling, Split

CHAT = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"


@dataclass
class Additions:
    """1+1 ... 1+n, of which the odd ones come with a worked solution; one more for evaluation."""

    count: int = 6
    name: str = "additions"
    chat: bool = False

    def prompts(self, split: Split) -> Sequence[Prompt]:
        numbers = range(1, self.count + 1) if split == "train" else range(20, 22)
        return [self.problem(n) for n in numbers]

    def problem(self, n: int) -> Prompt:
        turns = ({"role": "system", "content": "S"}, {"role": "user", "content": f"1+{n}?"}) if self.chat else ()
        worked = f"one and {n}: {n + 1}" if n % 2 else ""
        return Prompt(f"1+{n}", f"1+{n}", {"answer": str(n + 1)}, self.name, messages=turns, solution=worked)


@dataclass
class EvaluatedOnly(Additions):
    """Has no training split, as AIME."""

    name: str = "exam"

    def prompts(self, split: Split) -> Sequence[Prompt]:
        if split == "train":
            raise InputError("exam has no train problems")
        return super().prompts(split)


def words(template: str | None = None) -> Any:
    found = character_tokenizer(512)
    found.chat_template = template
    return found


def texts(form: PromptFormat, task: Additions, split: Split = "train", template: str | None = None, seed: int = 1) -> list[str]:
    pool = shot_pool(task, task, form.shots, seed)
    return [prompt.text for prompt in render(task.prompts(split), words(template), form, pool)]


def test_demonstrations_stand_before_the_question_in_its_own_template() -> None:
    task, form = Additions(), PromptFormat(template="Q: {prompt}\nA:", shots=2)
    first, second = shot_pool(task, task, 2, 1)[:2]
    shown = "".join(f"Q: {p.text}\nA: {p.solution or p.answer['answer']}\n\n" for p in (first, second))
    assert texts(form, task, "val") == [f"{shown}Q: 1+20\nA:", f"{shown}Q: 1+21\nA:"]


def test_a_worked_solution_is_shown_where_there_is_one_and_else_the_answer() -> None:
    task = Additions(count=2)
    form = PromptFormat(shots=1, shot_template="<{prompt}={answer}>")
    assert sorted(texts(form, task)) == ["<1+1=one and 1: 2>1+2", "<1+2=3>1+1"]  # each is the other's demonstration


def test_no_shots_leave_prompts_as_they_were() -> None:
    task = Additions()
    with_pool = render(task.prompts("train"), words(), PromptFormat(), shot_pool(task, task, 2, 1))
    assert with_pool == render(task.prompts("train"), words())
    assert shot_pool(task, task, 0, 1) == []


def test_all_prompts_of_a_run_begin_alike_but_those_that_are_shown_themselves() -> None:
    task, form = Additions(count=50), PromptFormat(shots=3)
    pool = shot_pool(task, task, 3, 1)
    usual = texts(form, task, "val")[0].removesuffix("1+20")
    for prompt, text in zip(task.prompts("train"), texts(form, task), strict=True):
        if prompt.uid in {shot.uid for shot in pool[:3]}:
            assert f"{prompt.text} " not in text and text.count("\n\n") == 3  # never its own demonstration, and as many
        else:
            assert text == usual + prompt.text


def test_the_seed_draws_and_the_order_of_the_data_does_not() -> None:
    task = Additions(count=50)
    drawn = {tuple(p.uid for p in shot_pool(task, task, 3, seed)) for seed in range(5)}
    assert len(drawn) == 5
    longer = Additions(count=50)
    longer.prompts = lambda split: list(reversed(Additions(count=50).prompts(split)))  # type: ignore[method-assign]
    assert shot_pool(longer, longer, 3, 2) == shot_pool(task, task, 3, 2)


def test_shots_of_a_set_without_a_training_split_come_from_what_is_trained_on() -> None:
    exam, task = EvaluatedOnly(), Additions()
    assert shot_pool(exam, task, 2, 1) == shot_pool(task, task, 2, 1)
    own = Additions(count=9, name="other")
    assert {p.task for p in shot_pool(own, task, 2, 1)} == {"other"}


def test_in_a_chat_demonstrations_are_turns_behind_the_systems() -> None:
    task, form = Additions(count=2), PromptFormat(chat=True, system="Add.", template="{prompt}?", shots=1)
    assert texts(form, task, template=CHAT) == [
        "[system]Add.[user]1+2?[assistant]3[user]1+1?[assistant]",
        "[system]Add.[user]1+1?[assistant]one and 1: 2[user]1+2?[assistant]",
    ]


def test_prompts_that_are_chats_are_shown_by_their_own_turns() -> None:
    task, form = Additions(count=2, chat=True), PromptFormat(shots=1)
    assert texts(form, task, template=CHAT)[0] == "[system]S[user]1+2?[assistant]3[user]1+1?[assistant]"


def test_braces_in_questions_and_answers_stay() -> None:
    shot = Prompt("a", "{answer}", {"answer": "{prompt}"}, "fake")
    (prompt,) = render([Prompt("b", "x", {}, "fake")], words(), PromptFormat(shots=1), [shot])
    assert prompt.text == "{answer} {prompt}\n\nx"


def test_shots_in_a_chat_without_a_template_are_refused() -> None:
    with pytest.raises(InputError, match=r"prompt_format.chat is true, but the tokenizer of .* has no chat template"):
        PromptFormat(chat=True, shots=2).check(words())


def test_shots_that_do_not_fit_the_context_are_refused_with_their_tokens() -> None:
    sets = PromptSets(words(), PromptFormat(shots=3), Additions())
    demonstrations = len(texts(PromptFormat(shots=3), Additions(), "val")[0]) - len("1+20")  # a token is a character
    told = f"has {demonstrations + 4} tokens, {demonstrations} of them its 3 shots; .* context of 64.*fewer shots"
    with pytest.raises(InputError, match=told):
        sets.get("additions", "val", Additions(), Sampling(), 64)
    assert len(sets.get("additions", "val", Additions(), Sampling(), demonstrations + 4 + 32)) == 2  # as long as it may be


@pytest.mark.parametrize(
    ("form", "told"),
    [
        ({"shots": -1}, "prompt_format.shots is -1; allowed: 0 or more"),
        ({"shots": 1, "shot_template": "{prompt}"}, r"shot_template is '\{prompt\}'; it must hold \{prompt\} and \{answer\}"),
    ],
)
def test_forms_that_show_nothing_are_refused(form: dict[str, Any], told: str) -> None:
    with pytest.raises(InputError, match=told):
        PromptFormat(**form)


def test_more_shots_than_other_problems_are_refused() -> None:
    with pytest.raises(InputError, match=r"shots is 6, but additions has 6 training problems; .* at most 5"):
        shot_pool(Additions(), Additions(), 6, 1)


def test_demonstrations_without_an_answer_as_text_are_refused() -> None:
    shot = Prompt("a", "q", {"target": 3}, "silent")
    with pytest.raises(InputError, match="'silent' has neither solutions nor answers as text"):
        render([Prompt("b", "x", {}, "fake")], words(), PromptFormat(shots=1), [shot])


def test_a_form_without_shots_says_what_it_said_before_there_were_any() -> None:
    assert repr(PromptFormat()) == "PromptFormat(chat=False, system='', template='{prompt}', template_arguments=None)"
    assert "shots=2" in repr(PromptFormat(shots=2))
