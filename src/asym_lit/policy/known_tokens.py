"""Which of the ids that a policy gives logits to are tokens. What is done about the others is for engines and scorers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedTokenizerBase


def token_count(tokenizer: PreTrainedTokenizerBase) -> int:
    """How many token ids a tokenizer knows, added ones included: its largest one plus 1. Heads are often padded beyond it."""
    return max(tokenizer.get_vocab().values()) + 1


def gaps(tokenizer: PreTrainedTokenizerBase) -> frozenset[int]:
    """Ids without a token below the largest one that has one."""
    return frozenset(range(token_count(tokenizer))) - frozenset(tokenizer.get_vocab().values())


def tokenless_ids(tokenizer: Any, config: PretrainedConfig) -> frozenset[int]:
    """Ids that a policy gives logits to and its tokenizer has no token for: what is padded, and gaps before that."""
    return frozenset(range(config.get_text_config(decoder=True).vocab_size)) - frozenset(tokenizer.get_vocab().values())
