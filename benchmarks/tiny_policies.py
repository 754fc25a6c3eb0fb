"""Tiny random policies of the classes of causal language models that transformers has: two layers of width 32.

A class is named by its `model_type`, as a config.json has it. What can be made small is made small by the names that
configurations give to sizes; what a class needs beside that stands with it. Beyond those listed, any that takes no more
than the common sizes can be made.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from transformers import AutoConfig, AutoModelForCausalLM, GenerationConfig
from transformers.utils import logging

from asym_lit.policy.characters import character_tokenizer

SIZES: dict[str, Any] = {
    **dict.fromkeys(("hidden_size", "d_model", "n_embd", "embed_dim", "lru_width"), 32),
    **dict.fromkeys(("intermediate_size", "ffn_dim", "decoder_ffn_dim", "encoder_ffn_dim", "n_inner", "dff"), 48),
    **dict.fromkeys(("num_hidden_layers", "n_layer", "n_layers", "num_layers", "decoder_layers", "encoder_layers"), 2),
    **dict.fromkeys(("num_decoder_layers", "num_encoder_layers"), 2),
    **dict.fromkeys(("num_attention_heads", "n_head", "n_heads", "attention_heads"), 4),
    **dict.fromkeys(("decoder_attention_heads", "encoder_attention_heads"), 4),
    **dict.fromkeys(("num_experts", "num_local_experts", "n_routed_experts"), 4),
    **dict.fromkeys(("max_position_embeddings", "n_positions", "n_ctx", "max_seq_len"), 128),
    **dict.fromkeys(("head_dim", "rotary_dim", "qk_rope_head_dim", "qk_nope_head_dim", "v_head_dim", "state_size"), 8),
    **dict.fromkeys(("q_lora_rank", "kv_lora_rank", "moe_intermediate_size", "shared_expert_intermediate_size"), 16),
    **dict.fromkeys(("linear_key_head_dim", "linear_value_head_dim", "mamba_d_head", "mamba_d_state", "mamba_chunk_size"), 8),
    **dict.fromkeys(("linear_num_key_heads", "num_experts_per_tok", "num_key_value_heads"), 2),
    "linear_num_value_heads": 4,
    "mamba_n_heads": 8,
    "mamba_n_groups": 1,
    "mamba_dt_rank": 4,
    "use_mamba_kernels": False,
    "first_k_dense_replace": 1,
    "n_group": 1,
    "topk_group": 1,
    "type_vocab_size": 1,
    "is_decoder": True,
    # Shorter than a prompt, so that it slides.
    "word_embed_proj_dim": 32,
    "sliding_window": 8,
    "attention_window_size": 8,
    "attention_chunk_size": 8,
}
LATENT = {"num_key_value_heads": 4}
HYBRID = ["linear_attention", "full_attention"]
MAMBA2 = {"head_dim": 8, "num_heads": 8, "n_groups": 1, "chunk_size": 8, "expand": 2}
SPREAD = 0.15
"""Of random weights: distributions that are far from flat, so that a mistake shows."""


@dataclass(frozen=True)
class Kind:
    """A class, in a word or two, with settings beyond the common sizes."""

    words: str
    settings: dict[str, Any] = field(default_factory=dict)
    padding: int = 0
    """Rows of the head beyond the tokenizer."""


CLASSES: dict[str, Kind] = {
    **dict.fromkeys(("llama", "qwen3", "olmo2", "starcoder2", "stablelm", "phi", "phi3", "smollm3", "glm4"), Kind("dense")),
    **dict.fromkeys(("arcee", "apertus", "ernie4_5", "helium", "exaone4", "hunyuan_v1_dense"), Kind("dense")),
    **dict.fromkeys(("gpt_neox", "gptj", "codegen", "nemotron", "seed_oss", "bitnet"), Kind("dense")),
    "qwen2": Kind("dense, padded vocabulary", padding=28),
    "gemma": Kind("dense"),
    "gpt2": Kind("Conv1D"),
    "openai-gpt": Kind("Conv1D, no cache"),
    **dict.fromkeys(("opt", "xglm", "biogpt"), Kind("learned or sinusoidal positions")),
    **dict.fromkeys(("gpt_bigcode",), Kind("multi-query")),
    **dict.fromkeys(("persimmon", "gpt_neox_japanese"), Kind("dropout as a number")),
    "falcon": Kind("parallel, multi-query", {"head_dim": None}),
    "gpt_neo": Kind("local attention", {"attention_types": [[["global", "local"], 1]], "window_size": 8}),
    **dict.fromkeys(("bloom", "mpt"), Kind("ALiBi")),
    **dict.fromkeys(("mistral", "ministral"), Kind("sliding window")),
    "olmo3": Kind("sliding window", {"layer_types": ["sliding_attention", "full_attention"]}),
    "gemma3_text": Kind("sliding window", {"layer_types": ["sliding_attention", "full_attention"]}),
    **dict.fromkeys(("gemma2", "vaultgemma"), Kind("soft cap, sliding window", {"final_logit_softcapping": 3.0})),
    "nanochat": Kind("soft cap", {"final_logit_softcapping": 3.0}),
    **dict.fromkeys(("cohere", "cohere2"), Kind("logit scale", {"logit_scale": 0.3})),
    "granite": Kind("logit scale", {"logits_scaling": 3.0}),
    **dict.fromkeys(("qwen3_moe", "qwen2_moe", "mixtral", "olmoe", "gpt_oss", "phimoe", "glm4_moe"), Kind("MoE")),
    **dict.fromkeys(("ernie4_5_moe", "minimax_m2", "hunyuan_v1_moe", "flex_olmo"), Kind("MoE")),
    "granitemoe": Kind("MoE, logit scale", {"logits_scaling": 3.0}),
    "jetmoe": Kind("MoE of attention"),
    "llama4_text": Kind("MoE, attention in chunks", {"intermediate_size_mlp": 48, "moe_layers": [1]}),
    **dict.fromkeys(("deepseek_v2", "deepseek_v3", "longcat_flash"), Kind("MLA, MoE", LATENT)),
    "youtu": Kind("MLA", LATENT),
    "minicpm3": Kind("MLA, logit scale", LATENT | {"dim_model_base": 16}),
    "qwen3_5_text": Kind("hybrid (gated delta)", {"layer_types": HYBRID}),
    "qwen3_next": Kind("hybrid (gated delta), MoE", {"layer_types": HYBRID}),
    "olmo_hybrid": Kind("hybrid (gated delta)", {"layer_types": HYBRID}),
    "minimax": Kind("hybrid (lightning), MoE", {"layer_types": HYBRID, "sliding_window": None}),
    "jamba": Kind("hybrid (Mamba), MoE", {"attn_layer_period": 2, "attn_layer_offset": 1}),
    "bamba": Kind("hybrid (Mamba2)", {"attn_layer_indices": [1]}),
    "falcon_h1": Kind("hybrid (Mamba2)", {"mamba_d_ssm": 64}),
    "granitemoehybrid": Kind("hybrid (Mamba2), MoE", {"layer_types": ["mamba", "attention"]}),
    "lfm2": Kind("hybrid (convolution)", {"layer_types": ["conv", "full_attention"]}),
    "zamba2": Kind(
        "hybrid (Mamba2), shared layers",
        {"layers_block_type": ["mamba", "hybrid"], "hybrid_layer_ids": [1], "num_mem_blocks": 1}
        | {"mamba_ngroups": 1, "n_mamba_heads": 8, "num_key_value_heads": 4, "mamba_headdim": 8, "chunk_size": 8},
    ),
    "recurrent_gemma": Kind("hybrid (RG-LRU), soft cap", {"block_types": ["recurrent", "attention"]}),
    **dict.fromkeys(("mamba", "falcon_mamba"), Kind("recurrent")),
    "mamba2": Kind("recurrent", MAMBA2),
    "rwkv": Kind("recurrent", {"attention_hidden_size": 32}),
    "modernbert-decoder": Kind("layers before the head, sliding window"),
    "roberta": Kind("BERT-like decoder"),
    **dict.fromkeys(("bart", "marian"), Kind("decoder of a translator")),
}


@contextmanager
def _quiet() -> Iterator[None]:
    """Without transformers' words: for a size that cannot be set it writes the whole configuration."""
    level = logging.get_verbosity()
    logging.set_verbosity(logging.CRITICAL)
    try:
        yield
    finally:
        logging.set_verbosity(level)


def make_policy(name: str, folder: Path, seed: int = 0) -> str:
    """Save one with a character tokenizer, of which every fifth token ends a response; returns where.

    Args:
        name: A `model_type`, in `CLASSES` or not.
        folder: Made if missing.
        seed: Of its weights.

    Raises:
        ValueError: If it is not small with the common sizes; it then wants settings of its own.
    """
    kind = CLASSES.get(name, Kind("-"))
    tokenizer = character_tokenizer(128)
    tokens = {"vocab_size": len(tokenizer) + kind.padding, "bos_token_id": 1, "eos_token_id": 1, "pad_token_id": 0}
    with _quiet():
        known = AutoConfig.for_model(name)
        sizes = {key: value for key, value in SIZES.items() if hasattr(known, key)} | kind.settings
        config = AutoConfig.for_model(name, **tokens, **{key: value for key, value in sizes.items() if value is not None})
        with torch.device("meta"):
            size = sum(value.numel() for value in AutoModelForCausalLM.from_config(config).parameters())
        if size > 1_000_000:
            raise ValueError(f"{name} has {size} weights with the common sizes; give it settings of its own in CLASSES.")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)
            model = AutoModelForCausalLM.from_config(config)
            for value in model.parameters():
                if value.dim() > 1 and value.requires_grad:
                    torch.nn.init.normal_(value, std=SPREAD)
    model.generation_config = GenerationConfig(eos_token_id=[1, *range(5, len(tokenizer), 5)], pad_token_id=0)
    model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return str(folder)
