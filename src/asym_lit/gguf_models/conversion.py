"""A GGUF file written out as a directory in Hugging Face format: config, weights in fp32, tokenizer, generation config."""

from __future__ import annotations

from pathlib import Path
from shutil import copy
from typing import Any

from asym_lit.gguf_models.reading import GGUFFile
from asym_lit.gguf_models.tokenizer import build_tokenizer, tokenizer_beside
from asym_lit.gguf_models.weights import load_model

CONVERSION = 1
"""Raised when the same file would be written out otherwise, so that no older directory is taken."""


def convert(path: Path, folder: Path) -> dict[str, Any]:
    """Write a GGUF file out; what there is to say of it, as plain types.

    Args:
        path: Of the file.
        folder: Is there, and empty.

    Raises:
        InputError: If the file is damaged, or of an architecture, a quantisation or a tokenizer that is not known.
    """
    from transformers import __version__

    file = GGUFFile(path)
    beside = tokenizer_beside(path)
    tokenizer = None if beside else build_tokenizer(file)  # before the weights: it is refused more often, and sooner
    load_model(file).save_pretrained(folder)
    if tokenizer is not None:
        tokenizer.save_pretrained(folder)
    for one in beside:
        copy(one, folder)
    return {
        "file": str(path),
        "name": file.metadata.get("general.name"),
        "license": file.metadata.get("general.license"),
        "architecture": file.architecture,
        "kinds": file.kinds,
        "tokenizer": [one.name for one in beside] or file.metadata["tokenizer.ggml.pre"],
        "transformers": __version__,
    }
