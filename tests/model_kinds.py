"""Tiny random policies of model classes that keep or run their weights in ways of their own: two layers, 64 tokens."""

from __future__ import annotations

from typing import Any

import torch

PLAIN = {
    "vocab_size": 64,
    "hidden_size": 32,
    "intermediate_size": 48,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 2,
    "head_dim": 8,
    "max_position_embeddings": 128,
    "bos_token_id": None,
    "eos_token_id": 1,
    "pad_token_id": 0,
}
SPREAD = {
    **PLAIN,
    "vocab_size": 61,
    "max_position_embeddings": 64,
    "initializer_range": 0.3,
    "bos_token_id": 1,
    "eos_token_id": 2,
}
"""Sizes of policies whose distributions are far from flat."""
GPT = {"vocab_size": 64, "n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128, "bos_token_id": None, "eos_token_id": 1}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16}
LATENT = {"q_lora_rank": 16, "kv_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 8}
ROUTED = {"n_routed_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "first_k_dense_replace": 1}
SIZES: dict[str, dict[str, Any]] = {
    "Qwen3Moe": {**PLAIN, **EXPERTS, "decoder_sparse_step": 1},
    "Qwen2Moe": {**PLAIN, **EXPERTS, "decoder_sparse_step": 1, "shared_expert_intermediate_size": 16},
    "Mixtral": {**PLAIN, "num_local_experts": 4},
    "Olmoe": {**PLAIN, **EXPERTS},
    "DeepseekV3": {**PLAIN, **LATENT, **ROUTED, "num_key_value_heads": 4, "n_group": 2, "topk_group": 1},
    "GptOss": {**PLAIN, "num_local_experts": 4, "num_experts_per_tok": 2},
    "Llama4Text": {**PLAIN, "intermediate_size_mlp": 48, "num_local_experts": 4, "moe_layers": [1]},
    "GraniteMoe": {**PLAIN, "num_local_experts": 4, "num_experts_per_tok": 2},
    "Jamba": {**PLAIN, "num_experts": 4, "mamba_d_state": 4, "mamba_dt_rank": 4, "use_mamba_kernels": False}
    | {"attn_layer_period": 2, "attn_layer_offset": 1, "expert_layer_period": 2, "expert_layer_offset": 1},
    "Mamba2": {"vocab_size": 64, "hidden_size": 32, "state_size": 8, "num_hidden_layers": 2, "num_heads": 8, "head_dim": 8}
    | {"n_groups": 1, "chunk_size": 8, "expand": 2, "bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0},
    "Gemma2": PLAIN,
    "Llama": PLAIN,
    "Gemma3Text": {**PLAIN, "layer_types": ["sliding_attention", "full_attention"]},
    "Cohere2": {**PLAIN, "sliding_window": 8},
    "Starcoder2": PLAIN,
    "GPTNeoX": PLAIN,
    "OPT": {**PLAIN, "ffn_dim": 48, "word_embed_proj_dim": 16},
    "GPT2": GPT,
    "Youtu": {**PLAIN, **LATENT, "num_key_value_heads": 4},
}


def tiny(kind: str, **changes: Any) -> Any:
    """One, with weights from a seed of its own."""
    import transformers

    config = getattr(transformers, f"{kind}Config")(**SIZES[kind] | changes)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        return transformers.AutoModelForCausalLM.from_config(config).eval()


def move(model: Any, adapters: float = 0.1, rest: float = 0.0) -> Any:
    """All weights moved, the B of adapters too: what training does, without training."""
    generator = torch.Generator().manual_seed(1)
    for name, parameter in model.named_parameters():
        size = adapters if "lora_B" in name else 0.0 if "lora_A" in name else rest
        parameter.data += size * torch.randn(parameter.shape, generator=generator).to(parameter.dtype)
    return model
