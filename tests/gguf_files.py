"""Tiny GGUF files, written with the library's own writer: a random Llama of two layers, and a vocabulary of bytes."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np
import torch

WORDS = ("<|endoftext|>", "<|im_start|>", "<|im_end|>")
MERGES = (("Ġ", "Ġ"), ("t", "h"), ("th", "e"), ("Ġ", "t"), ("1", "2"), ("a", "n"), ("s", "w"), ("an", "sw"))
CHAT = (
    "{% for m in messages %}<|im_start|>{{ m['role'] }}\n{{ m['content'] }}<|im_end|>\n{% endfor %}"
    "{% if add_generation_prompt %}<|im_start|>assistant\n{% endif %}"
)
HIDDEN, HEADS, KV_HEADS, LAYERS, CONTEXT = 64, 4, 2, 2, 256


def vocabulary() -> list[str]:
    """Special tokens, all bytes as GPT-2 writes them, and what the merges make."""
    from tokenizers.pre_tokenizers import ByteLevel

    return [*WORDS, *sorted(ByteLevel.alphabet()), *("".join(merge) for merge in MERGES)]


def random_llama(tied: bool = True, seed: int = 0, kind: str = "Llama") -> Any:
    """The model that a file is written from; of another kind, a model of the same sizes."""
    import transformers

    config = getattr(transformers, f"{kind}Config")(
        vocab_size=len(vocabulary()),
        hidden_size=HIDDEN,
        intermediate_size=3 * HIDDEN // 2,
        num_hidden_layers=LAYERS,
        num_attention_heads=HEADS,
        num_key_value_heads=KV_HEADS,
        head_dim=128 if kind == "Qwen3" else HIDDEN // HEADS,  # transformers reads no other one of Qwen3
        max_position_embeddings=CONTEXT,
        rope_parameters={"rope_type": "default", "rope_theta": 100000.0},
        rms_norm_eps=1e-5,
        tie_word_embeddings=tied,
        bos_token_id=1,
        eos_token_id=2,
        pad_token_id=2,
        initializer_range=0.1,
    )
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = getattr(transformers, f"{kind}ForCausalLM")(config).eval()
        for parameter in model.parameters():
            parameter.data += 0.1 * torch.randn(parameter.shape)  # norms are ones by themselves, and biases zeros
        return model


def _paired(weight: np.ndarray, heads: int) -> np.ndarray:
    """llama.cpp turns pairs of neighbours, transformers the two halves of a head; rows of q and k lie accordingly."""
    return weight.reshape(heads, 2, -1, weight.shape[-1]).swapaxes(1, 2).reshape(weight.shape)


def gguf_weights(model: Any) -> dict[str, np.ndarray]:
    """The weights of a model under the names of llama.cpp, and in its order."""
    from gguf import MODEL_ARCH, get_tensor_name_map

    kind = model.config.model_type
    names = get_tensor_name_map(MODEL_ARCH[kind.upper()], LAYERS)
    found = {}
    for name, weight in model.state_dict().items():
        if name == "lm_head.weight" and model.config.tie_word_embeddings:
            continue
        array = weight.numpy()
        if kind == "llama" and ("q_proj" in name or "k_proj" in name):
            array = _paired(array, HEADS if "q_proj" in name else KV_HEADS)
        stem, _, suffix = name.rpartition(".")
        found[f"{names.get_name(stem)}.{suffix}"] = array
    return found


def write_gguf(
    path: Path,
    model: Any,
    kind: str = "F32",
    architecture: str = "",
    pre: str = "smollm",
    chat: str | None = CHAT,
    keys: Mapping[str, int] = MappingProxyType({}),
    tensors: Mapping[str, np.ndarray] = MappingProxyType({}),
) -> Path:
    """Write a file; matrices in the given kind, vectors in F32.

    Args:
        path: Of the file.
        model: A `random_llama`.
        kind: Of its matrices.
        architecture: What it says it is; empty for what it is.
        pre: How it says that text is cut.
        chat: Its chat template, if it has one.
        keys: Further ones, with whole numbers.
        tensors: Further or other ones, written as they are.
    """
    from gguf import GGMLQuantizationType, GGUFWriter, quants

    asked, config = GGMLQuantizationType[kind], model.config
    writer = GGUFWriter(str(path), architecture or config.model_type)
    writer.add_name("tiny")
    writer.add_license("apache-2.0")
    writer.add_block_count(LAYERS)
    writer.add_context_length(CONTEXT)
    writer.add_embedding_length(HIDDEN)
    writer.add_feed_forward_length(config.intermediate_size)
    writer.add_head_count(HEADS)
    writer.add_head_count_kv(KV_HEADS)
    writer.add_rope_freq_base(100000.0)
    if config.model_type == "llama":
        writer.add_rope_dimension_count(config.head_dim)
    else:
        writer.add_key_length(config.head_dim)
        writer.add_value_length(config.head_dim)
    writer.add_layer_norm_rms_eps(1e-5)
    writer.add_vocab_size(config.vocab_size)
    for name, value in keys.items():
        writer.add_uint32(name, value)
    _add_tokenizer(writer, pre, chat)
    for name, array in {**gguf_weights(model), **tensors}.items():
        if name in tensors or array.ndim == 1 or asked == GGMLQuantizationType.F32:
            writer.add_tensor(name, array)
        else:
            writer.add_tensor(name, quants.quantize(array, asked), raw_dtype=asked)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return path


def _add_tokenizer(writer: Any, pre: str, chat: str | None) -> None:
    tokens = vocabulary()
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre(pre)
    writer.add_token_list(tokens)
    writer.add_token_types([3] * len(WORDS) + [1] * (len(tokens) - len(WORDS)))
    writer.add_token_merges([" ".join(merge) for merge in MERGES])
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.add_pad_token_id(2)
    writer.add_add_bos_token(False)
    if chat is not None:
        writer.add_chat_template(chat)
