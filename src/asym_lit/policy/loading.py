"""Policies and tokenizers: where they are, and that they fit together. Nothing is loaded at import time."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import torch

from asym_lit.gguf_models.directories import directory_of
from asym_lit.gguf_models.names import NAMED
from asym_lit.model_files import damage, no_number
from asym_lit.policy.adapter_files import adapter_folder, merged_directory
from asym_lit.policy.load_faults import INSTEAD, lacks_weights, no_attention, not_loaded
from asym_lit.policy.settling import settle
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import GenerationConfig, PretrainedConfig, PreTrainedModel, PreTrainedTokenizerBase

BUNDLED = "bundled"
"""Name of the small policy that ships with the package."""
Dtype = Literal["float32", "bfloat16", "float16"]


def locate(policy: str) -> str:
    """The directory that a policy is read from; a hub id is given back as it is. Every reader asks here first.

    Args:
        policy: `bundled`, `smollm2`, a shipped adapter, a `.gguf` file or a directory that holds one, a directory of peft's
            adapters (they are merged into their base), a local directory, or a hub id.

    Raises:
        InputError: If a GGUF file is meant and is not there, or cannot be converted, or adapters cannot be merged.
    """
    if policy == BUNDLED:
        return str(Path(__file__).parent / "bundled")
    folder = adapter_folder(policy)
    return directory_of(policy) if folder is None else str(merged_directory(folder, locate))


def not_loaded_from(policy: str, where: str, fault: Exception) -> InputError:
    """The fault of a policy that does not load, in words, with what may be named instead."""
    return not_loaded(policy, where, (BUNDLED, *NAMED), fault)


def load_tokenizer(policy: str) -> PreTrainedTokenizerBase:
    """The tokenizer of a policy.

    Args:
        policy: As `locate` takes it.

    Raises:
        InputError: If there is none, or it has no end-of-sequence token.
    """
    from transformers import AutoTokenizer

    where = locate(policy)
    if Path(where).is_dir() and not any(Path(where).glob("*token*")):
        raise InputError(
            f"The policy directory {policy!r} holds no tokenizer; expected tokenizer.json or tokenizer_config.json. "
            f"Write one into it with tokenizer.save_pretrained({policy!r})."
        )
    try:
        tokenizer = AutoTokenizer.from_pretrained(where)
    except Exception as fault:  # whatever a file that is damaged brings about
        raise not_loaded_from(policy, where, fault) from fault
    if tokenizer.eos_token_id is None:
        raise InputError(f"The tokenizer of {policy!r} has no eos_token, so responses could not end; set one in it.")
    return tokenizer


def load_policy(
    policy: str, dtype: Dtype = "float32", longest: int | None = None, attn_implementation: str | None = None
) -> PreTrainedModel:
    """The causal language model of a policy on the CPU: without dropout or other noise, its rotary frequencies fixed.

    Noise would make the importance ratio of an unchanged policy differ from 1; see `settle`.

    Args:
        policy: As `locate` takes it.
        dtype: Of the weights.
        longest: Tokens of the longest row it will see, prompt and response; None if it is not known.
        attn_implementation: Its attention by transformers' name, such as `eager` or `flash_attention_2`; None for its choice.

    Raises:
        InputError: If there is no such policy, if it is no whole causal language model, or if it cannot be made to score a
            row alike whenever it is asked.
    """
    from transformers import AutoModelForCausalLM

    load: Any = AutoModelForCausalLM.from_pretrained
    model: PreTrainedModel
    where = locate(policy)
    try:
        kernel = {"attn_implementation": attn_implementation} if attn_implementation else {}
        model, told = load(where, dtype=getattr(torch, dtype), output_loading_info=True, **kernel)
    except Exception as fault:  # whatever the code of a class may raise
        raise no_attention(attn_implementation, fault) or not_loaded_from(policy, where, fault) from fault
    if lacking := sorted(map(str, told["missing_keys"])):
        raise lacks_weights(policy, type(model).__name__, lacking)
    if broken := no_number(where, model):
        raise InputError(f"{broken} {INSTEAD}")
    settle(model, longest)
    return model


def checkpoint_activations(model: PreTrainedModel) -> None:
    """Have a model's layers computed again in the backward pass, or raise an InputError; by its new name where it has it."""
    enable = getattr(model, "activation_checkpointing_enable", None) or model.gradient_checkpointing_enable
    try:
        enable()
    except (ValueError, NotImplementedError) as fault:
        raise InputError(
            f"model.gradient_checkpointing is true, which a {type(model).__name__} does not offer. Write "
            "model.gradient_checkpointing: false, and a smaller max_micro_batch_tokens to save memory."
        ) from fault


def load_config(policy: str) -> PretrainedConfig:
    """The configuration of a policy, without its weights.

    Raises:
        InputError: If there is no such policy, or it cannot be read.
    """
    from transformers import AutoConfig

    where = locate(policy)
    try:
        return AutoConfig.from_pretrained(where)
    except Exception as fault:  # a model_type that transformers does not know, numbers that do not fit together
        raise not_loaded_from(policy, where, fault) from fault


def load_generation_config(policy: str) -> GenerationConfig | None:
    """How a policy says that it is generated with; None if it does not say, which it need not.

    Raises:
        InputError: If there is a file that says it and cannot be read.
    """
    from transformers import GenerationConfig

    where = locate(policy)
    try:
        return GenerationConfig.from_pretrained(where)
    except Exception as fault:
        if (Path(where) / "generation_config.json").exists():
            said = " ".join(str(fault).split())[:300]
            why = damage(where) or f"The generation_config.json of {policy!r} cannot be read: {said}"
            raise InputError(f"{why} Mend it or take it away.") from fault
        return None


def architecture_of(config: PretrainedConfig) -> str:
    """The sizes that decide whether weights fit, in words."""
    names = ("model_type", "hidden_size", "num_hidden_layers", "num_attention_heads", "vocab_size")
    return ", ".join(f"{name}={getattr(config, name, None)}" for name in names)


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class SmallArchitecture:
    """Sizes of a small Qwen2 policy over characters, with an LM head of its own.

    Args:
        hidden: Width of the residual stream; a multiple of 32, the size of a head.
        layers: Number of layers.
        intermediate: Width of the feed-forward layer.
        context: Longest sequence, in tokens.
    """

    hidden: int = 128
    layers: int = 4
    intermediate: int = 256
    context: int = 256

    def __post_init__(self) -> None:
        if self.hidden % 32 or self.hidden <= 0:
            raise InputError(f"hidden is {self.hidden}; allowed: multiples of 32, the size of an attention head.")


def new_policy(architecture: SmallArchitecture) -> tuple[PreTrainedModel, PreTrainedTokenizerBase]:
    """A policy with random weights (from torch's global generator) and its character tokenizer."""
    from transformers import Qwen2Config, Qwen2ForCausalLM

    from asym_lit.policy.characters import character_tokenizer

    sizes = asdict(architecture)
    tokenizer = character_tokenizer(sizes["context"])
    heads = sizes["hidden"] // 32
    config = Qwen2Config(
        vocab_size=len(tokenizer),
        hidden_size=sizes["hidden"],
        intermediate_size=sizes["intermediate"],
        num_hidden_layers=sizes["layers"],
        num_attention_heads=heads,
        num_key_value_heads=heads,
        max_position_embeddings=sizes["context"],
        tie_word_embeddings=False,
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    return Qwen2ForCausalLM(config), tokenizer


def context_of(model_or_config: object) -> int | None:
    """Longest sequence of a policy in tokens, None if its configuration does not say."""
    config = getattr(model_or_config, "config", model_or_config)
    return getattr(config, "max_position_embeddings", None)
