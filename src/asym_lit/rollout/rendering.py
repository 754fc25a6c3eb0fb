"""From questions to what a policy reads: a template, demonstrations before it, the tokenizer's chat template, token ids.

The questions themselves are the tasks'; which demonstrations there are: `shots`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields, replace
from typing import Any

from jinja2 import TemplateError

from asym_lit.types import InputError, Prompt

PLACE, ANSWER = "{prompt}", "{answer}"


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class PromptFormat:
    r"""How a question is put to the policy; the default leaves it as it is.

    Args:
        chat: Put it as a user's turn, by the tokenizer's chat template.
        system: Words of the system's turn before it; none if empty. Needs `chat`.
        template: Text around the question, for which `{prompt}` stands; other braces stand for themselves.
        template_arguments: Further arguments of the chat template, such as `enable_thinking: false` of Qwen3.
        shots: Demonstrations before the question, the same for a whole run, so that all prompts begin alike: drawn by the
            run's seed from the training split of the question's task (of the training task, where a set has none), never the
            question itself. In a chat each is a turn of the user and one of the assistant.
        shot_template: One demonstration in plain text: `{prompt}` is its question as `template` puts it, `{answer}` the
            problem's worked solution where the task has one, else its answer.
    """

    chat: bool = False
    system: str = ""
    template: str = PLACE
    template_arguments: dict[str, Any] | None = None
    shots: int = 0
    shot_template: str = f"{PLACE} {ANSWER}\n\n"

    def __repr__(self) -> str:
        """All fields, but of shots only where there are any: checkpoints compare these words, and older ones know of none."""
        said = [item.name for item in fields(self) if self.shots or not item.name.startswith("shot")]
        return f"PromptFormat({', '.join(f'{name}={getattr(self, name)!r}' for name in said)})"

    def __post_init__(self) -> None:
        if self.shots < 0:
            raise InputError(f"prompt_format.shots is {self.shots}; allowed: 0 or more.")
        if PLACE not in self.shot_template or ANSWER not in self.shot_template:
            raise InputError(
                f"prompt_format.shot_template is {self.shot_template!r}; it must hold {PLACE} and {ANSWER}, for which a "
                "demonstration's question and its solution stand."
            )
        if PLACE not in self.template:
            raise InputError(
                f"prompt_format.template is {self.template!r}; it must hold {PLACE}, for which the question stands."
            )
        if self.system and not self.chat:
            raise InputError(
                "prompt_format.system is given, but a system's turn exists only in a chat. Write prompt_format.chat: true, "
                "or put the words into prompt_format.template."
            )

    def check(self, tokenizer: Any) -> None:
        """Refuse a chat without a template for it.

        Raises:
            InputError: If `chat` is asked for and the tokenizer has no chat template.
        """
        if self.chat:
            _check_chat_template(tokenizer, "prompt_format.chat is true")

    def put(self, prompt: Prompt) -> str:
        """A question in plain text, without demonstrations."""
        return self.template.replace(PLACE, prompt.text)

    def plain(self, prompt: Prompt, shots: Sequence[Prompt]) -> str:
        """A question in plain text, behind its demonstrations."""
        shown = [{PLACE: self.put(shot), ANSWER: demonstrated(shot)} for shot in shots]
        parts = (_PLACES.sub(lambda found: one[found[0]], self.shot_template) for one in shown)  # noqa: B023
        return "".join(parts) + self.put(prompt)

    def messages(self, prompt: Prompt, shots: Sequence[Prompt] = ()) -> tuple[Mapping[str, str], ...]:
        """The turns of a prompt's chat; none if it is plain text."""
        turns = prompt.messages
        if not turns and self.chat:
            turns = ({"role": "user", "content": self.put(prompt)},)
        if turns and self.system and turns[0]["role"] != "system":
            turns = ({"role": "system", "content": self.system}, *turns)
        if not turns:
            return turns
        first = int(turns[0]["role"] == "system")
        shown: list[Mapping[str, str]] = []
        for shot in shots:
            asked = [turn for turn in shot.messages if turn["role"] != "system"]
            shown += asked or [{"role": "user", "content": self.put(shot)}]
            shown.append({"role": "assistant", "content": demonstrated(shot)})
        return (*turns[:first], *shown, *turns[first:])


_PLACES = re.compile(r"\{prompt\}|\{answer\}")


def demonstrated(shot: Prompt) -> str:
    """What a demonstration answers: the worked solution, else the answer.

    Raises:
        InputError: If the problem has neither as text.
    """
    answer = shot.solution or shot.answer.get("answer")
    if not isinstance(answer, str) or not answer:
        raise InputError(
            f"prompt_format.shots asks for demonstrations, but {shot.task!r} has neither solutions nor answers as text. Write "
            "prompt_format.shots: 0, or take a task that has."
        )
    return answer


def render(
    prompts: Sequence[Prompt], tokenizer: Any, form: PromptFormat = PromptFormat(), pool: Sequence[Prompt] = ()
) -> list[Prompt]:
    """Prompts with the text that the policy reads, and its token ids.

    A chat begins as its template says. Plain text begins with the tokenizer's beginning-of-sequence token if the
    tokenizer puts it there by itself, once.

    Args:
        prompts: As a task gives them.
        tokenizer: The policy's.
        form: How they are put; prompts that are chats already only take its system's turn, and its shots.
        pool: Of `shots.shot_pool`, one problem more than there are shots, in place of a question that is itself a shot.

    Raises:
        InputError: If a demonstration has no answer as text, or if a prompt is a chat and the tokenizer has no chat template,
            or one that refuses it.
    """
    shots = [[shot for shot in pool if shot.uid != prompt.uid][: form.shots] for prompt in prompts]
    chats = [form.messages(prompt, shown) for prompt, shown in zip(prompts, shots, strict=True)]
    if any(chats):
        _check_chat_template(tokenizer, "Prompts are chats")
    arguments = {**(form.template_arguments or {}), "tokenize": False, "add_generation_prompt": True}
    try:
        texts = [
            tokenizer.apply_chat_template([dict(turn) for turn in chat], **arguments) if chat else form.plain(prompt, shown)
            for prompt, chat, shown in zip(prompts, chats, shots, strict=True)
        ]
    except TemplateError as fault:
        raise InputError(
            f"The chat template of the policy's tokenizer refuses the turns it is given: {fault}. Some know no system's turn "
            "(write prompt_format.system: '' and put the words into prompt_format.template); some want user and "
            "assistant to alternate."
        ) from fault
    # verbose: too long a prompt is found and named later, by who knows the limit.
    ids = tokenizer(texts, add_special_tokens=False, verbose=False)["input_ids"] if texts else []
    bos = _own_bos(tokenizer)
    rendered = []
    for prompt, chat, text, tokens in zip(prompts, chats, texts, ids, strict=True):
        begun = chat or not tokens or tokens[0] in bos
        rendered.append(replace(prompt, text=text, messages=chat, token_ids=tuple(tokens if begun else bos + tokens)))
    return rendered


def _own_bos(tokenizer: Any) -> list[int]:
    """The beginning-of-sequence token, in a list, if the tokenizer puts it before plain text by itself."""
    bos = tokenizer.bos_token_id
    return [bos] if bos is not None and tokenizer("a")["input_ids"][:1] == [bos] else []


def _check_chat_template(tokenizer: Any, wanted: str) -> None:
    if not getattr(tokenizer, "chat_template", None):
        raise InputError(
            f"{wanted}, but the tokenizer of {getattr(tokenizer, 'name_or_path', 'the policy')!r} has no chat template. "
            "Take a policy whose tokenizer has one (an -Instruct one, say), or write prompt_format.chat: false and a "
            "prompt_format.template."
        )
