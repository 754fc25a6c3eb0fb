"""Responses as tokens: which of them end one, and what one says. Used wherever a model is made to write."""

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


def response_text(tokenizer: Any, token_ids: Sequence[int], stopped: bool) -> str:
    """What was written, all of it but the end token that finished it.

    Special tokens within it stay, for a verifier must read what stands there: without them `6/2<pad>*3` reads `6/2*3`,
    and an `<answer>` that is a token of its own is gone.

    Args:
        tokenizer: The policy's.
        token_ids: As sampled.
        stopped: Whether the last of them is an end token.
    """
    ids = list(token_ids[:-1] if stopped else token_ids)
    return str(tokenizer.decode(ids, skip_special_tokens=False, clean_up_tokenization_spaces=False))
