"""Tiny random policies of the classes that recipes name, as Hugging Face directories with a character tokenizer."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import torch

from asym_lit.policy.characters import character_tokenizer

CHAT = (
    "{% for m in messages %}{{ m['role'] }}:{{ m['content'] }}\n{% endfor %}{% if add_generation_prompt %}assistant:{% endif %}"
)
KINDS = ("Qwen2", "Qwen3", "Llama")


def save_tiny(
    folder: Path,
    kind: str = "Qwen2",
    vocabulary: int = 99,
    hidden: int = 32,
    layers: int = 2,
    context: int = 65536,
    **settings: Any,
) -> str:
    """Write one; returns where. `settings` go into its config."""
    import transformers

    tokenizer = character_tokenizer(context)
    tokenizer.chat_template = CHAT
    sizes = {
        "vocab_size": vocabulary,
        "hidden_size": hidden,
        "intermediate_size": 3 * hidden,
        "num_hidden_layers": layers,
        "num_attention_heads": 2,
        "num_key_value_heads": 1,
        "head_dim": hidden // 2,
        "max_position_embeddings": context,
        "tie_word_embeddings": False,
        "bos_token_id": None,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    config = getattr(transformers, f"{kind}Config")(**{**sizes, **settings})
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        getattr(transformers, f"{kind}ForCausalLM")(config).save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
