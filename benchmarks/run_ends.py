"""Whether a run folder is what it would be, had nothing ended the run before its time: `differences` lists what is not.

Left out is what hangs on the clock (seconds, tokens a second), on the words a run was started with, and which older checkpoint
is kept beside the last: a signal saves one more.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from asym_lit.run_folder.checksums import damaged_files
from asym_lit.run_folder.paths import CHECKPOINTS, CONFIG, EXPORT, LOCK, METRICS, RECORD, STACKS, STATE, whole_checkpoints
from asym_lit.run_folder.record import read_metrics, read_record

CLOCK = re.compile("^time/|per_second|^verifier/(seconds|latency)")
SET_UP = ("custom_scalars__config__", "_hparams_/")
"""Written at each start; they are no points."""
ALL = {"scalars": 0, "images": 0, "tensors": 0}
"""How many points of each kind are read: all."""
STARTED_WITH = ("command", "git")
ENDS = {"config": CONFIG, "metrics": METRICS, "record": RECORD}


def differences(run: Path, reference: Path, keep: int) -> list[str]:
    """What of a run is not as in its reference; none if it ended alike.

    Args:
        run: Its folder.
        reference: Of the run that was left in peace.
        keep: Checkpoints that may be there.
    """
    found = [*_untidy(run, keep), *_other_files(run, reference)]
    mine, its = whole_checkpoints(run)[-1:], whole_checkpoints(reference)[-1:]
    if not mine or mine[0].name != its[0].name:
        return [*found, f"the last checkpoint is {mine[0].name if mine else 'missing'}, not {its[0].name}"]
    weights = f"{EXPORT}/model.safetensors"
    found += ["weights"] * ((mine[0] / weights).read_bytes() != (its[0] / weights).read_bytes())
    found += ["state of the optimizer"] * (not _alike(_optimizers(mine[0]), _optimizers(its[0])))
    found += ["metrics"] * (_metrics(run) != _metrics(reference))
    found += ["record"] * (_record(run) != _record(reference))
    found += ["configuration"] * (_config(run) != _config(reference))
    return found + list(_other_points(_points(run), _points(reference)))


def _untidy(run: Path, keep: int) -> Iterator[str]:
    for path in run.rglob(".*"):
        if path.name != LOCK:
            yield f"{path.relative_to(run)} was left"
    kept = whole_checkpoints(run)
    if len(kept) > keep:
        yield f"{len(kept)} checkpoints"
    for checkpoint in kept:
        if damaged := damaged_files(checkpoint):
            yield f"{checkpoint.name}/{damaged[0]} is damaged"


def _files(run: Path) -> dict[str, Path]:
    """All but checkpoints of training, event files, and stacks of processes that ended; and what is compared otherwise."""
    found = {path.relative_to(run).as_posix(): path for path in run.rglob("*") if path.is_file()}
    apart = (f"{CHECKPOINTS}/", f"{STACKS}/", "events.out.", ".")
    return {name: path for name, path in found.items() if not name.startswith(apart)}


def _other_files(run: Path, reference: Path) -> Iterator[str]:
    mine, its = _files(run), _files(reference)
    for name in sorted(mine.keys() ^ its.keys()):
        yield f"{name} is {'too many' if name in mine else 'missing'}"
    for name in sorted(mine.keys() & its.keys()):
        exact = name not in ENDS.values() and not name.endswith((STATE, "checksums.json"))
        if exact and mine[name].read_bytes() != its[name].read_bytes():
            yield name


def _optimizers(checkpoint: Path) -> Any:
    loaded = torch.load(checkpoint / STATE, map_location="cpu", weights_only=True)
    return [loaded["optimizer_states"], loaded["lr_schedulers"], loaded["global_step"]]


def _alike(a: Any, b: Any) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(_alike(a[key], b[key]) for key in a)
    if isinstance(a, list | tuple):
        return len(a) == len(b) and all(_alike(x, y) for x, y in zip(a, b, strict=True))
    return bool(a == b)


def _metrics(run: Path) -> list[dict[str, float]]:
    return [{name: value for name, value in row.items() if not CLOCK.search(name)} for row in read_metrics(run)]


def _record(run: Path) -> dict[str, Any]:
    return {name: value for name, value in read_record(run).items() if name not in STARTED_WITH}


def _config(run: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.safe_load((run / CONFIG).read_text(encoding="utf-8"))
    found["trainer"].pop("logger")
    return {name: value for name, value in found.items() if name not in ("ckpt_path", "config")}


def _points(run: Path) -> dict[tuple[str, int], list[Any]]:
    """All of TensorBoard, by tag and step, as every reader finds it: no purging of what is there twice."""
    events = EventAccumulator(str(run), size_guidance=ALL, purge_orphaned_data=False)
    events.Reload()
    found: dict[tuple[str, int], list[Any]] = {}
    for tag in events.Tags()["scalars"]:
        for event in events.Scalars(tag):
            found.setdefault((tag, event.step), []).append(0.0 if CLOCK.search(tag) else event.value)
    for tag in events.Tags()["images"]:
        for event in events.Images(tag):
            found.setdefault((tag, event.step), []).append(event.encoded_image_string)
    for tag in events.Tags()["tensors"]:
        for event in events.Tensors(tag) if not tag.startswith(SET_UP) else []:
            found.setdefault((tag, event.step), []).append(event.tensor_proto.SerializeToString())
    return found


def _other_points(mine: dict[tuple[str, int], list[Any]], its: dict[tuple[str, int], list[Any]]) -> Iterator[str]:
    for what, keys in (
        ("lost", [key for key in its if len(mine.get(key, [])) < len(its[key])]),
        ("doubled", [key for key in mine if len(mine[key]) > len(its.get(key, []))]),
        ("other", [key for key in mine if key in its and len(mine[key]) == len(its[key]) and mine[key] != its[key]]),
    ):
        if keys:
            yield f"{len(keys)} points of TensorBoard {what}, as {json.dumps(min(keys))}"
