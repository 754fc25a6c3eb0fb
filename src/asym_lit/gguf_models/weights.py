"""The weights and the configuration of a GGUF file, read by transformers, and whether it read all of them.

transformers passes over tensors and settings that it has no name for: without a word, a Llama 3.1 would lose what stretches its
rotary frequencies. So everything in the file must have been used, or it is refused.
"""

from __future__ import annotations

from math import prod
from typing import TYPE_CHECKING, Any

import torch

from asym_lit.gguf_models.reading import GGUFFile
from asym_lit.gguf_models.tokenizer import end_tokens, token_id
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel

SAID_TWICE = ("attention.key_length", "attention.value_length", "rope.dimension_count")
"""The width of a head, which transformers need not read where the configuration has it anyway."""


def load_model(file: GGUFFile) -> PreTrainedModel:
    """The model in fp32, with nothing left that says it was quantised; its head is tied if the file has none.

    Raises:
        InputError: If transformers does not know the architecture, or did not read all that the file holds.
    """
    read = _read(file)
    _check_settings(file, read.config)
    _check_tensors(file, read)
    settings = read.config.to_dict()
    for name in ("quantization_config", "_name_or_path", "_model_name_or_path"):
        settings.pop(name, None)
    settings |= {name: token_id(file, name) for name in ("bos_token_id", "eos_token_id")}
    settings["pad_token_id"] = token_id(file, "padding_token_id")
    return _anew(read, type(read.config).from_dict(settings), file)


def _read(file: GGUFFile) -> PreTrainedModel:
    from transformers import AutoModelForCausalLM, __version__

    load: Any = AutoModelForCausalLM.from_pretrained
    arguments = {"gguf_file": file.path.name, "dtype": torch.float32, "output_loading_info": True}
    try:
        model, told = load(str(file.path.parent), **arguments)
    except Exception as fault:  # whatever the reader of a class may raise
        words = f"{type(fault).__name__}: {' '.join(str(fault).split())}"[:300].rstrip(". ")
        raise InputError(
            f"The file {file.path} holds a model of the architecture {file.architecture!r}, which transformers {__version__} "
            f"does not read from GGUF ({words}). Allowed: {', '.join(_architectures())}."
        ) from fault
    if lacking := sorted(map(str, told["missing_keys"])):
        raise InputError(f"The file {file.path} lacks {len(lacking)} weights of a {type(model).__name__}, {lacking[0]} first.")
    return model


def _architectures() -> list[str]:
    from transformers.modeling_gguf_pytorch_utils import GGUF_SUPPORTED_ARCHITECTURES

    return sorted(set(GGUF_SUPPORTED_ARCHITECTURES) - {"general", "tokenizer", "t5", "umt5"})  # sections, encoders


def _check_settings(file: GGUFFile, config: PretrainedConfig) -> None:
    from transformers import __version__
    from transformers.modeling_gguf_pytorch_utils import GGUF_TO_TRANSFORMERS_MAPPING

    known: dict[str, Any] = GGUF_TO_TRANSFORMERS_MAPPING["config"]  # type: ignore[assignment]
    read = known.get(file.architecture) or known.get(config.model_type, {})
    prefix = f"{file.architecture}."
    for key, value in file.metadata.items():
        name = key.removeprefix(prefix)
        if key.startswith(prefix) and name not in read and not _is_said_twice(name, value, config):
            raise InputError(
                f"The file {file.path} says {key} {value!r}, which transformers {__version__} does not read from GGUF: the "
                "model would be another one. Take the model in Hugging Face format."
            )


def _is_said_twice(name: str, value: Any, config: PretrainedConfig) -> bool:
    head = getattr(config, "head_dim", None) or config.hidden_size // config.num_attention_heads
    return value == (head if name in SAID_TWICE else config.vocab_size if name == "vocab_size" else None)


def _check_tensors(file: GGUFFile, model: PreTrainedModel) -> None:
    from transformers.modeling_gguf_pytorch_utils import TENSOR_PROCESSORS, TensorProcessor, get_gguf_hf_weights_map

    held = {tensor.name: prod(map(int, tensor.shape)) for tensor in file.reader.tensors}
    weights = sum(parameter.numel() for parameter in model.parameters())  # a tied one once
    if sum(held.values()) == weights:
        return
    processor = TENSOR_PROCESSORS.get(file.architecture, TensorProcessor)(config=model.config.to_dict())
    unread = sorted(set(held) - set(get_gguf_hf_weights_map(model, processor)))
    named = f"; {', '.join(unread[:3])} not read" if unread else ""
    kind = type(model).__name__
    raise InputError(
        f"The file {file.path} holds {sum(held.values()):,} weights, and a {kind} of them has {weights:,}{named}: the model "
        "would be another one. Take the model in Hugging Face format."
    )


def _anew(read: PreTrainedModel, config: PretrainedConfig, file: GGUFFile) -> PreTrainedModel:
    """The same weights in a model that never was quantised: transformers 5.24 saves none that was."""
    from transformers import AutoModelForCausalLM, GenerationConfig

    with torch.device("meta"):
        model: PreTrainedModel = AutoModelForCausalLM.from_config(config, dtype=torch.float32)
    model.load_state_dict(read.state_dict(), assign=True)
    model.tie_weights()
    ends = end_tokens(file)
    ids = {"bos_token_id": config.bos_token_id, "pad_token_id": config.pad_token_id}
    model.generation_config = GenerationConfig(eos_token_id=ends[0] if len(ends) == 1 else ends or None, **ids)
    return model
