"""Files of a model's directory in Hugging Face format: which of them is damaged. What libraries say of one rarely names it.

Bytes that were changed within a weight file leave it readable; checksums, where somebody wrote some, are in `run_folder/`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

JSON_FILES = (
    "config.json",
    "generation_config.json",
    "tokenizer.json",
    "tokenizer_config.json",
    "special_tokens_map.json",
    "added_tokens.json",
    "*.index.json",
)
WEIGHTS = "*.safetensors"
SINGLE, INDEX = "model.safetensors", "model.safetensors.index.json"
"""The weights in one file, or which of several holds which."""


def damage(model: str) -> str | None:
    """The first damaged file of a directory, in a sentence; None if each can be read, or if it is no directory.

    Args:
        model: A directory; a hub id is none.
    """
    folder = Path(model)
    for pattern in JSON_FILES:
        for file in sorted(folder.glob(pattern)):
            if why := _no_object(file):
                return f"The file {file} is damaged: {why}."
    for file in sorted(folder.glob(WEIGHTS)):
        if why := _no_tensors(file):
            return f"The file {file} is damaged: {why}."
    tokenizer = folder / "tokenizer.json"
    if tokenizer.is_file() and (why := _no_tokenizer(tokenizer)):
        return f"The file {tokenizer} is damaged: {why}."
    return None


def no_number(model: str, weights: Any) -> str | None:
    """The first weight that holds NaN or an infinite number, in a sentence; None if all are finite.

    Args:
        model: The directory it was loaded from, or its hub id.
        weights: The loaded model.
    """
    for name, weight in weights.named_parameters():
        if not is_finite(weight.detach()):
            return not_finite(model, name)
    return None


def is_finite(values: torch.Tensor) -> bool:
    """Whether all of them are numbers, and none is infinite."""
    return not values.is_floating_point() or not values.numel() or all(map(torch.isfinite, torch.aminmax(values)))


def not_finite(model: str, name: str) -> str:
    """What to say of a weight that holds NaN or an infinite number.

    Args:
        model: The directory it was loaded from, or its hub id.
        name: Of the weight.
    """
    files = sorted(file.name for file in Path(model).glob(WEIGHTS))
    what = str(Path(model, files[0])) if len(files) == 1 else f"A weight file of {model!r}"
    return f"{what} is damaged: the weight {name} holds a number that is not finite."


def write_index(folder: Path, files: Mapping[str, str], size: int) -> None:
    """Write which weight is in which file.

    Args:
        folder: Of the files.
        files: Their names by those of weights.
        size: Bytes of all weights.
    """
    found = {"metadata": {"total_size": size}, "weight_map": dict(sorted(files.items()))}
    (folder / INDEX).write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


def _no_object(file: Path) -> str:
    text = file.read_bytes()
    if not text.strip(b"\0 \t\r\n"):
        return "it is empty"
    try:
        found = json.loads(text.decode("utf-8"))
    except ValueError as fault:
        return f"it is no JSON ({fault})"
    return "" if isinstance(found, dict) else f"it holds a {type(found).__name__} where an object belongs"


def _no_tensors(file: Path) -> str:
    from safetensors import SafetensorError, safe_open

    if not file.stat().st_size:
        return "it is empty"
    try:
        with safe_open(str(file), framework="pt"):
            return ""
    except SafetensorError as fault:
        return f"it holds no tensors, or not all of them ({fault})"


def _no_tokenizer(file: Path) -> str:
    from tokenizers import Tokenizer

    try:
        Tokenizer.from_file(str(file))
    except Exception as fault:  # the library raises nothing more special
        return f"it holds no tokenizer ({fault})"
    return ""
