"""Responses as tokens: which of them end one, and what one says. Used wherever a model is made to write.

How stop strings are found while tokens are drawn is in `rollout/stops.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any


def end_tokens(tokenizer: Any, config: Any, generation_config: Any = None) -> frozenset[int]:
    """The tokens that end a response: all that the tokenizer, the configuration or the generation configuration names.

    A chat policy is often saved with `<|endoftext|>` in its configuration and `[<|im_end|>, <|endoftext|>]` in its
    generation configuration; who knows only the former writes on past the end of its turn.

    Args:
        tokenizer: The model's.
        config: Of the model; that of the text part of a composite one counts too.
        generation_config: Of the model; None if it has none.
    """
    text_config = config.get_text_config(decoder=True) if hasattr(config, "get_text_config") else None
    found: list[int | None] = []
    for source in (tokenizer, config, text_config, generation_config):
        named = getattr(source, "eos_token_id", None)
        found += named if isinstance(named, list | tuple) else [named]
    return frozenset(int(token) for token in found if token is not None)


def padding_token(tokenizer: Any, ends: frozenset[int]) -> int:
    """What stands where there is nothing: the tokenizer's padding token, else an end token. It is always masked."""
    return min(ends) if tokenizer.pad_token_id is None else int(tokenizer.pad_token_id)


def text_of(tokenizer: Any, token_ids: Sequence[int]) -> str:
    """Tokens as text, special ones included."""
    return str(tokenizer.decode(list(token_ids), skip_special_tokens=False, clean_up_tokenization_spaces=False))


ANCHOR = 8
"""Tokens of the prompt that a response is read behind: sentencepiece drops the space of a token that stands first."""


def text_behind(tokenizer: Any, prompt_ids: Sequence[int], token_ids: Sequence[int]) -> str:
    """What the tokens of a response add to the text of its prompt.

    Args:
        tokenizer: The policy's.
        prompt_ids: Of the prompt; its last few tokens are enough.
        token_ids: Of the response, or of its beginning.
    """
    anchor = list(prompt_ids[-ANCHOR:])
    before, whole = text_of(tokenizer, anchor), text_of(tokenizer, [*anchor, *token_ids])
    return whole[len(before) :] if whole.startswith(before) else text_of(tokenizer, token_ids)


def first_stop(text: str, stop_strings: Sequence[str]) -> int | None:
    """Where the first stop string of a text begins; None if there is none."""
    return min((place for one in stop_strings if (place := text.find(one)) >= 0), default=None)


def response_text(
    tokenizer: Any,
    token_ids: Sequence[int],
    stopped: bool,
    prompt_ids: Sequence[int] = (),
    stop_strings: Sequence[str] = (),
) -> str:
    """What was written, all of it but what finished it: a stop string and all behind it, else the end token.

    Special tokens within it stay, for a verifier must read what stands there: without them `6/2<pad>*3` reads `6/2*3`,
    and an `<answer>` that is a token of its own is gone.

    Args:
        tokenizer: The policy's.
        token_ids: As sampled.
        stopped: Whether a stop string or the last of them, an end token, finished it.
        prompt_ids: Of the prompt it answers.
        stop_strings: That could finish it.
    """
    if stopped and stop_strings:
        behind, whole = text_behind(tokenizer, prompt_ids, token_ids), text_of(tokenizer, token_ids)
        if (place := first_stop(behind, stop_strings)) is not None:
            return whole[: max(len(whole) - len(behind) + place, 0)]  # counted from the end, which both share
    return text_of(tokenizer, token_ids[:-1] if stopped else token_ids)
