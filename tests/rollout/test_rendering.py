from __future__ import annotations

import pytest
from tokenizers.processors import TemplateProcessing

from asym_lit.policy.characters import character_tokenizer
from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.types import Prompt

CHAT = "{% for m in messages %}[{{ m.role }}]{{ m.content }}{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}"
QUESTION = Prompt("u", "1+2=", {"answer": "3"}, "fake")


def tokenizer(chat_template=None, adds_bos=False):
    found = character_tokenizer(64)
    found.chat_template = chat_template
    if adds_bos:
        found.add_special_tokens({"bos_token": "<s>"})
        found.backend_tokenizer.post_processor = TemplateProcessing(
            single="<s> $A", special_tokens=[("<s>", found.bos_token_id)]
        )
    return found


def read(prompt, words):
    return words.decode(prompt.token_ids)


def test_plain_text_is_read_as_it_is() -> None:
    words = tokenizer()
    (prompt,) = render([QUESTION], words)
    assert prompt.text == "1+2="
    assert prompt.messages == ()
    assert list(prompt.token_ids) == words("1+2=")["input_ids"]
    assert words.bos_token_id is None


def test_a_template_stands_around_the_question_and_its_other_braces_stay() -> None:
    (prompt,) = render([QUESTION], tokenizer(), PromptFormat(template=r"{prompt} in \boxed{}."))
    assert prompt.text == r"1+2= in \boxed{}."


def test_a_tokenizer_that_begins_texts_by_itself_begins_a_plain_prompt_once() -> None:
    words = tokenizer(adds_bos=True)
    plain, begun = render([QUESTION, Prompt("v", "<s>1+2=", {}, "fake")], words)
    assert list(plain.token_ids) == [words.bos_token_id, *words("1+2=", add_special_tokens=False)["input_ids"]]
    assert begun.token_ids == plain.token_ids


def test_a_chat_whose_template_begins_the_text_is_not_begun_twice() -> None:
    words = tokenizer("<s>{% for m in messages %}{{ m.content }}{% endfor %}", adds_bos=True)
    (prompt,) = render([QUESTION], words, PromptFormat(chat=True))
    assert list(prompt.token_ids).count(words.bos_token_id) == 1


def test_a_chat_whose_template_does_not_begin_the_text_stays_so() -> None:
    words = tokenizer(CHAT, adds_bos=True)
    (prompt,) = render([QUESTION], words, PromptFormat(chat=True))
    assert words.bos_token_id not in prompt.token_ids


def test_a_chat_has_the_turns_of_the_system_and_the_user() -> None:
    form = PromptFormat(chat=True, system="be brief", template="{prompt}?")
    (prompt,) = render([QUESTION], tokenizer(CHAT), form)
    assert prompt.text == "[system]be brief[user]1+2=?[assistant]"
    assert [turn["role"] for turn in prompt.messages] == ["system", "user"]


def test_a_prompt_that_is_a_chat_keeps_its_turns_and_takes_the_system_s_if_it_has_none() -> None:
    said = ({"role": "user", "content": "a"}, {"role": "assistant", "content": "b"}, {"role": "user", "content": "c"})
    own = ({"role": "system", "content": "own"}, *said)
    prompts = [Prompt("u", "", {}, "fake", messages=turns) for turns in (said, own)]
    first, second = render(prompts, tokenizer(CHAT), PromptFormat(chat=True, system="S"))
    assert first.text == "[system]S[user]a[assistant]b[user]c[assistant]"
    assert second.text == "[system]own[user]a[assistant]b[user]c[assistant]"


def test_arguments_reach_the_chat_template() -> None:
    words = tokenizer("{{ messages[0].content }}{% if enable_thinking %}think{% endif %}")
    thinking, silent = (
        render([QUESTION], words, PromptFormat(chat=True, template_arguments={"enable_thinking": on}))[0].text
        for on in (True, False)
    )
    assert (thinking, silent) == ("1+2=think", "1+2=")


def test_a_chat_without_a_chat_template_is_refused() -> None:
    with pytest.raises(ValueError, match=r"prompt_format.chat is true.*has no chat template.*chat: false"):
        PromptFormat(chat=True).check(tokenizer())
    with pytest.raises(ValueError, match=r"Prompts are chats.*has no chat template"):
        render([Prompt("u", "", {}, "fake", messages=({"role": "user", "content": "a"},))], tokenizer())


def test_a_template_without_the_question_and_a_system_without_a_chat_are_refused() -> None:
    with pytest.raises(ValueError, match=r"must hold \{prompt\}"):
        PromptFormat(template="answer {question}")
    with pytest.raises(ValueError, match="only in a chat"):
        PromptFormat(system="be brief")


def test_a_chat_template_that_knows_no_system_s_turn_is_refused_with_its_own_words() -> None:
    words = tokenizer("{% if messages[0].role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}")
    with pytest.raises(ValueError, match=r"System role not supported.*prompt_format.system: ''"):
        render([QUESTION], words, PromptFormat(chat=True, system="be brief"))
