"""Tiny random policies of classes that keep something else than keys and values, and of some that keep those in windows."""

from __future__ import annotations

from typing import Any

import torch

VOCABULARY = 40
HYBRID = ["linear_attention", "full_attention"]
LINEAR = {
    "linear_num_key_heads": 2,
    "linear_num_value_heads": 4,
    "linear_key_head_dim": 8,
    "linear_value_head_dim": 8,
    "layer_types": HYBRID,
}
MAMBA = {"mamba_n_heads": 8, "mamba_d_head": 8, "mamba_n_groups": 1, "mamba_d_state": 8, "mamba_chunk_size": 8}
EXPERTS = {"num_experts": 4, "num_experts_per_tok": 2, "moe_intermediate_size": 16, "shared_expert_intermediate_size": 16}
SIZES: dict[str, dict[str, Any]] = {
    "Qwen3_5Text": LINEAR,
    "Qwen3Next": {**LINEAR, **EXPERTS},
    "Mamba": {"state_size": 8},
    "Mamba2": {"state_size": 8, "head_dim": 8, "num_heads": 8, "n_groups": 1, "chunk_size": 8, "expand": 2},
    "FalconMamba": {"state_size": 8},
    "Jamba": {"attn_layer_period": 2, "attn_layer_offset": 1, "num_experts": 2, "use_mamba_kernels": False, "mamba_dt_rank": 4},
    "Bamba": {**MAMBA, "attn_layer_indices": [1]},
    "FalconH1": {**MAMBA, "mamba_d_ssm": 64},
    "MiniMax": {"num_local_experts": 2, "layer_types": HYBRID},
    "Lfm2": {"layer_types": ["conv", "full_attention"], "conv_L_cache": 3},
    "Zamba2": {
        "layers_block_type": ["mamba", "hybrid"],
        "hybrid_layer_ids": [1],
        "num_mem_blocks": 1,
        "mamba_ngroups": 1,
        "n_mamba_heads": 8,
    },
    "RecurrentGemma": {"lru_width": 32, "block_types": ["recurrent", "attention"], "attention_window_size": 8},
    "Rwkv": {"attention_hidden_size": 32},
    "Mistral": {"sliding_window": 8},
    "Gemma3Text": {"sliding_window": 8, "layer_types": ["sliding_attention", "full_attention"]},
    "Qwen2": {},
    "GPT2": {"n_embd": 32, "n_layer": 2, "n_head": 4, "n_positions": 128},
    "Bloom": {},
    "DeepseekV2": {"kv_lora_rank": 16, "q_lora_rank": 16, "qk_rope_head_dim": 8, "qk_nope_head_dim": 8, "v_head_dim": 4}
    | {"n_routed_experts": 2, "first_k_dense_replace": 2, "n_shared_experts": 1},
}
HEADS: dict[str, str] = {"Qwen3_5Text": "Qwen3_5ForCausalLM", "Gemma3Text": "Gemma3ForCausalLM", "GPT2": "GPT2LMHeadModel"}
SHARED = {
    "hidden_size": 32,
    "intermediate_size": 32,
    "num_hidden_layers": 2,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "head_dim": 8,
    "max_position_embeddings": 128,
}


def tiny(kind: str, vocabulary: int = VOCABULARY, spread: float = 0.2, **changes: Any) -> Any:
    """A random policy of a class, in evaluation mode; its distributions are far from flat. `changes` go into its config."""
    import transformers

    made = getattr(transformers, f"{kind}Config")
    shared = SHARED if kind not in ("GPT2", "Mamba", "FalconMamba", "Mamba2") else {"hidden_size": 32, "num_hidden_layers": 2}
    ends = {"bos_token_id": None, "eos_token_id": 1, "pad_token_id": 0}
    config = made(vocab_size=vocabulary, **{**shared, **SIZES[kind], **changes}, **ends)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        model = getattr(transformers, HEADS.get(kind, f"{kind}ForCausalLM"))(config)
        for parameter in model.parameters():
            if parameter.dim() > 1:
                torch.nn.init.normal_(parameter, std=spread)
    return model.eval().requires_grad_(False)
