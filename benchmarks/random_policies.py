"""Policies with random weights in the shapes of language models, and a task whose prompts all have one length.

What a step costs hangs on sizes and not on what a policy says, so nothing here has to be downloaded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from asym_lit.types import Outcome, Prompt, Split, Verdict


@dataclass(frozen=True)
class Shape:
    """A random Llama."""

    vocabulary: int
    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int


SHAPES = {
    "135M": Shape(49152, 576, 30, 9, 3, 1536),
    "152k": Shape(151936, 896, 2, 14, 2, 2432),
    "small": Shape(512, 64, 2, 4, 2, 128),
}


class Words:
    """Prompts of words without a meaning, all of one length."""

    name = "words"

    def __init__(self, tokens: int, vocabulary: int) -> None:
        self.tokens, self.vocabulary = tokens, vocabulary

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """The same in each split, under other names."""
        words = [[(37 * i + 11 * j) % (self.vocabulary - 2) for j in range(self.tokens)] for i in range(64)]
        texts = [" ".join(f"w{word}" for word in line) for line in words]
        return [Prompt(f"{split}/{i}", text, {}, self.name) for i, text in enumerate(texts)]


class Parity:
    """Right: a response with an even number of letters. About half are, so that groups are mixed."""

    name = "parity"

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """Without a fault."""
        even = len(response.replace(" ", "")) % 2 == 0
        return Verdict(Outcome.CORRECT if even else Outcome.INCORRECT, self.name, "the number of letters", response)

    def self_test(self) -> None:
        """There is nothing that could go wrong."""


def write_policy(shape: Shape, folder: Path) -> None:
    """A random policy, and a tokenizer of as many words."""
    import torch
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", *(f"w{n}" for n in range(shape.vocabulary - 2))]
    table = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    table.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    PreTrainedTokenizerFast(tokenizer_object=table, pad_token="<pad>", eos_token="<eos>").save_pretrained(folder)
    sizes = {"hidden_size": shape.hidden, "num_hidden_layers": shape.layers, "intermediate_size": shape.intermediate}
    sizes |= {"num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "vocab_size": shape.vocabulary}
    torch.manual_seed(0)
    config = LlamaConfig(**sizes, tie_word_embeddings=True, bos_token_id=None, eos_token_id=1, pad_token_id=0)
    LlamaForCausalLM(config).save_pretrained(folder)
