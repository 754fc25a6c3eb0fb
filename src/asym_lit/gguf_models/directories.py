"""The one door: the directory of a model in Hugging Face format, wherever the model comes from."""

from __future__ import annotations

from functools import cache
from hashlib import sha256
from pathlib import Path

from asym_lit.gguf_models.cache import cache_root, cached, digest, read_note
from asym_lit.gguf_models.conversion import CONVERSION, convert
from asym_lit.gguf_models.names import gguf_file, origin
from asym_lit.gguf_models.tokenizer import tokenizer_beside


def directory_of(model: str) -> str:
    """The directory that a model is read from: of a GGUF file, its cached conversion; anything else as it is.

    Args:
        model: `smollm2`, a `.gguf` file, a directory that holds one and no `config.json`, or anything else.

    Raises:
        InputError: If a GGUF file is meant and is not there, or cannot be converted.
    """
    path = gguf_file(model)
    return model if path is None else str(_converted(_stamps(path), cache_root()))


def about(model: str) -> list[str]:
    """Where a model of a GGUF file comes from, whose it is, and where it is read from, in a sentence; nothing for others."""
    path = gguf_file(model)
    if path is None:
        return []
    folder = directory_of(model)
    license = read_note(Path(folder)).get("license")
    whose = origin(model) or f"{path}, {f'licence {license}' if license else 'which names no licence'}"
    return [f"Policy {model}: {whose}; dequantised to fp32 in {folder}."]


Stamps = tuple[tuple[str, int, int], ...]


def _stamps(path: Path) -> Stamps:
    """What would change if a file or its tokenizer were replaced while the process lives."""
    files = [path, *tokenizer_beside(path)]
    return tuple((str(one), (found := one.stat()).st_size, found.st_mtime_ns) for one in files)


@cache  # hashing takes a second, and a run asks a dozen times
def _converted(stamps: Stamps, root: Path) -> Path:
    files = [Path(name) for name, _, _ in stamps]
    parts = [digest(file) for file in files]
    key = parts[0] if len(parts) == 1 else sha256(" ".join(parts).encode()).hexdigest()
    return cached(root / "gguf" / f"{key[:20]}-{CONVERSION}", lambda folder: convert(files[0], folder))
