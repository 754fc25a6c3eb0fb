"""Adapters as files, in the format of peft: written beside what they adapt, and read as a policy of base and adapter merged.

Merging is done once, on the weight files of the base, into the cache; every reader of the policy then sees plain weights.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from asym_lit.gguf_models.cache import NOTE, cache_root, cached, digest
from asym_lit.policy.adapter_merging import ADAPTER, is_adapter_weight
from asym_lit.policy.lora import LoRA
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

CONFIG, WEIGHTS = "adapter_config.json", "adapter_model.safetensors"
SHIPPED = Path(__file__).parent / "adapters"
"""Each folder here is an adapter that ships with the package, and its name that of a policy."""
_PREFIX = "base_model.model."
_ENDS = (".lora_A.weight", ".lora_B.weight")
_PLAIN: dict[str, tuple[Any, ...]] = {
    "peft_type": ("LORA",),
    "bias": ("none", None),
    "use_dora": (False, None),
    "use_rslora": (False, None),
    "modules_to_save": (None, []),
    "rank_pattern": ({}, None),
    "alpha_pattern": ({}, None),
    "target_parameters": (None, []),
}
"""Settings of peft under which merging is `W + (alpha / r) B A`, and nothing else."""


def save_adapter(model: PreTrainedModel, lora: LoRA, base: str, folder: Path, dtype: str = "float32") -> None:
    """Write a policy's adapters alone, as peft reads them. They are rounded to what is stored in the policy too.

    Args:
        model: With adapters, whole.
        lora: How they were made.
        base: The policy below them, by name or directory.
        folder: Made if missing.
        dtype: Of the stored weights.
    """
    from peft import LoraConfig
    from safetensors.torch import save_file

    stored = {}
    for name, parameter in model.named_parameters():
        if is_adapter_weight(name):
            rounded = parameter.detach().to(getattr(torch, dtype))
            parameter.data.copy_(rounded)
            stored[f"{_PREFIX}{name.replace(f'.{ADAPTER}.', '.')}"] = rounded.cpu().contiguous()
    names = sorted({name.split(".lora_")[0].rpartition(".")[2] for name in stored})
    below = str(Path(base).resolve()) if Path(base).is_dir() else base
    config = LoraConfig(
        r=lora.r,
        lora_alpha=lora.alpha,  # type: ignore[arg-type]
        target_modules=names,
        task_type="CAUSAL_LM",
        base_model_name_or_path=below,
    )
    config.inference_mode = True
    folder.mkdir(parents=True, exist_ok=True)
    config.save_pretrained(str(folder))
    stated = json.loads((folder / CONFIG).read_text("utf-8"))  # names stand in a set there, in any order
    (folder / CONFIG).write_text(json.dumps(stated | {"target_modules": names}, indent=2) + "\n", "utf-8")
    save_file(stored, folder / WEIGHTS, metadata={"format": "pt"})


def adapter_folder(policy: str) -> Path | None:
    """The folder of adapters that a policy names: a shipped one, or a directory of peft's; None if it is anything else."""
    folder = SHIPPED / policy if policy and (SHIPPED / policy / CONFIG).is_file() else Path(policy).expanduser()
    return folder if (folder / CONFIG).is_file() and not (folder / "config.json").exists() else None


def merged_directory(folder: Path, locate: Callable[[str], str]) -> Path:
    """The directory of a base with adapters merged into it, in the cache.

    Args:
        folder: Of the adapters.
        locate: Gives the directory of the base by the name in their configuration.

    Raises:
        InputError: If they are no plain low-rank adapters, are damaged, or do not fit their base.
    """
    config = _config(folder)
    if not (folder / WEIGHTS).is_file():
        raise InputError(f"{folder} holds {CONFIG} and no {WEIGHTS}; copy the adapter whole.")
    name = str(config["base_model_name_or_path"])
    if Path(name).expanduser().resolve() == folder.resolve():
        raise InputError(
            f"{folder / CONFIG} names its own folder as base_model_name_or_path; write the policy below the adapter."
        )
    base = Path(locate(name))
    if not any(base.glob("*.safetensors")):
        raise InputError(
            f"The adapter {folder} goes with {name!r}, of which no safetensors are here. Write the directory of that policy as "
            f"base_model_name_or_path in {folder / CONFIG}."
        )
    files = sorted([folder / CONFIG, folder / WEIGHTS, *base.glob("*.safetensors")])
    key = sha256(" ".join(digest(file) for file in files).encode()).hexdigest()[:20]
    return cached(cache_root() / "merged" / key, lambda place: _merge(config, folder, base, place))


def _config(folder: Path) -> dict[str, Any]:
    try:
        config: dict[str, Any] = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
        config["r"], config["lora_alpha"], config["base_model_name_or_path"]
    except (ValueError, KeyError, TypeError) as fault:
        raise InputError(
            f"{folder / CONFIG} is no configuration of low-rank adapters ({type(fault).__name__}: {fault})."
        ) from fault
    for name, allowed in _PLAIN.items():
        if config.get(name) not in allowed and name in config:
            raise InputError(
                f"{folder / CONFIG} has {name} {config[name]!r}; allowed: {allowed[0]!r}. Merge such adapters with peft "
                "(merge_and_unload), and name the directory of the merged policy."
            )
    return config


def _merge(config: dict[str, Any], folder: Path, base: Path, place: Path) -> dict[str, Any]:
    """Fill a directory with the base's files, weights merged; returns what it was made of."""
    from safetensors import SafetensorError
    from safetensors.torch import load_file, save_file

    try:
        adapters = load_file(folder / WEIGHTS)
    except SafetensorError as fault:
        raise InputError(f"{folder / WEIGHTS} is damaged: {fault}. Copy it anew from where it came.") from fault
    pairs = _pairs(adapters, folder)
    for file in sorted(base.iterdir()):
        if file.suffix == ".safetensors":
            weights = load_file(file)
            for name in sorted(pairs.keys() & weights.keys()):
                weights[name] = _merged(name, weights[name], pairs.pop(name), config, folder)
            save_file(weights, place / file.name, metadata={"format": "pt"})
        elif file.is_file() and file.name != NOTE:
            shutil.copy2(file, place / file.name)
    if pairs:
        raise InputError(
            f"The adapter {folder} has {len(pairs)} layers that its base {base} has not, "
            f"{min(pairs)} first; name its own base as base_model_name_or_path in {CONFIG}."
        )
    return {"base": config["base_model_name_or_path"], "adapter": str(folder)}


def _pairs(adapters: Mapping[str, Tensor], folder: Path) -> dict[str, tuple[Tensor, Tensor]]:
    """The A and B of each weight, by the weight's own name."""
    downs, ups = ({n.removesuffix(end): v for n, v in adapters.items() if n.endswith(end)} for end in _ENDS)
    if not downs or downs.keys() != ups.keys() or len(downs) + len(ups) < len(adapters):
        odd = sorted([*(downs.keys() ^ ups.keys()), *(n for n in adapters if not n.endswith(_ENDS))])
        raise InputError(
            f"{folder / WEIGHTS} holds no pairs of A and B alone{f': {odd[0]} is something else' if odd else ''}. Merge such "
            "adapters with peft (merge_and_unload), and name the directory of the merged policy."
        )
    return {f"{stem.removeprefix(_PREFIX)}.weight": (downs[stem], ups[stem]) for stem in downs}


def _merged(name: str, weight: Tensor, pair: tuple[Tensor, Tensor], config: dict[str, Any], folder: Path) -> Tensor:
    down, up = (part.float() for part in pair)
    wanted = weight.T if config.get("fan_in_fan_out") else weight
    if (up.shape[0], down.shape[1]) != tuple(wanted.shape) or down.shape[0] != up.shape[1]:
        raise InputError(
            f"The adapter {folder} does not fit its base: {name} is {tuple(weight.shape)}, B and A are {tuple(up.shape)} and "
            f"{tuple(down.shape)}."
        )
    scale = config["lora_alpha"] / config["r"]
    merged = torch.addmm(wanted.float(), up, down, alpha=scale).to(weight.dtype)
    return (merged.T if config.get("fan_in_fan_out") else merged).contiguous()
