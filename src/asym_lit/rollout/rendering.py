"""From questions to what a policy reads: a template, the tokenizer's chat template, token ids.

The questions themselves are the tasks'.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from jinja2 import TemplateError

from asym_lit.types import InputError, Prompt, Sampling

PLACE = "{prompt}"


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class PromptFormat:
    r"""How a question is put to the policy; the default leaves it as it is.

    Args:
        chat: Put it as a user's turn, by the tokenizer's chat template.
        system: Words of the system's turn before it; none if empty. Needs `chat`.
        template: Text around the question, for which `{prompt}` stands; other braces stand for themselves.
        template_arguments: Further arguments of the chat template, such as `enable_thinking: false` of Qwen3.
    """

    chat: bool = False
    system: str = ""
    template: str = PLACE
    template_arguments: dict[str, Any] | None = None

    def __post_init__(self) -> None:
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

    def messages(self, prompt: Prompt) -> tuple[Mapping[str, str], ...]:
        """The turns of a prompt's chat; none if it is plain text."""
        turns = prompt.messages
        if not turns and self.chat:
            turns = ({"role": "user", "content": self.template.replace(PLACE, prompt.text)},)
        if turns and self.system and turns[0]["role"] != "system":
            turns = ({"role": "system", "content": self.system}, *turns)
        return turns


def render(prompts: Sequence[Prompt], tokenizer: Any, form: PromptFormat = PromptFormat()) -> list[Prompt]:
    """Prompts with the text that the policy reads, and its token ids.

    A chat begins as its template says. Plain text begins with the tokenizer's beginning-of-sequence token if the
    tokenizer puts it there by itself, once.

    Args:
        prompts: As a task gives them.
        tokenizer: The policy's.
        form: How they are put; prompts that are chats already only take its system's turn.

    Raises:
        InputError: If a prompt is a chat and the tokenizer has no chat template, or one that refuses it.
    """
    chats = [form.messages(prompt) for prompt in prompts]
    if any(chats):
        _check_chat_template(tokenizer, "Prompts are chats")
    arguments = {**(form.template_arguments or {}), "tokenize": False, "add_generation_prompt": True}
    try:
        texts = [
            tokenizer.apply_chat_template([dict(turn) for turn in chat], **arguments)
            if chat
            else form.template.replace(PLACE, prompt.text)
            for prompt, chat in zip(prompts, chats, strict=True)
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


def check_lengths(name: str, prompts: Sequence[Prompt], sampling: Sampling, context: int | None) -> None:
    """Refuse prompts that leave no room for a response.

    Args:
        name: Of their set.
        prompts: Rendered.
        sampling: How they are answered.
        context: Longest sequence of the policy, in tokens; None if it is not known.

    Raises:
        InputError: With the first that does not fit, and what would.
    """
    for prompt in prompts:
        if not prompt.token_ids:
            raise InputError(f"{name}: the prompt {prompt.uid!r} has no tokens; a policy cannot start from nothing.")
        if context and len(prompt.token_ids) + sampling.max_tokens > context:
            raise InputError(
                f"{name}: the prompt {prompt.uid!r} has {len(prompt.token_ids)} tokens; with max_tokens "
                f"{sampling.max_tokens} that is more than the policy's context of {context}. Write a max_tokens of at "
                f"most {max(context - len(prompt.token_ids), 0)}, or --data.max_prompt_tokens "
                f"{max(context - sampling.max_tokens, 1)} to leave such prompts out."
            )
