"""The evaluation before training, taken from another run that began with the same policy.

Which runs fit is checked, never guessed.
"""

from __future__ import annotations

from pathlib import Path

from lightning.pytorch import Trainer

from asym_lit.evaluation.ledger import ProblemRecord
from asym_lit.evaluation.problem_changes import by_step
from asym_lit.lit.datamodule import RolloutDataModule
from asym_lit.lit.module import PolicyModule
from asym_lit.run_folder.ledger import read_ledger
from asym_lit.run_folder.record import read_record
from asym_lit.types import InputError


def borrowed_base(path: Path, trainer: Trainer, module: PolicyModule, verifier: str | None) -> list[ProblemRecord]:
    """The rows of step 0 of another run's ledger, if they are what this run would measure.

    Args:
        path: Of the ledger.
        trainer: Of this run.
        module: Of this run.
        verifier: Whose word the evaluations of this run count.

    Raises:
        InputError: If this run measures its own base too, or the other one began with another policy or seed, or was counted
            by another verifier, or was asked other problems, or asked otherwise.
    """
    if trainer.num_sanity_val_steps:
        raise InputError(
            f"The ledger takes its base from {path}, and trainer.num_sanity_val_steps has this run measure another; "
            "write --trainer.num_sanity_val_steps 0, or leave the base out."
        )
    if not path.is_file():
        raise InputError(f"The base {path} is not there; it is the {path.name} of a run that was evaluated before training.")
    records, data = read_ledger(path), module.datamodule
    assert isinstance(data, RolloutDataModule)
    _check_origin(path, {"policy": module.policy, "seed": data.seed, "verifier": verifier})
    found: list[ProblemRecord] = []
    for name, one in data.evaluation_sets.items():
        rows = by_step(records, name).get(0, {})
        sampling = one.sampling(data.evaluation)
        asked = (sampling.n, sampling.temperature, sampling.top_p, sampling.top_k, sampling.max_tokens, sampling.min_p)
        answered = {(row.samples, *row.sampling, row.min_p) for row in rows.values()}
        if set(rows) != {prompt.uid for prompt in data.evaluation_prompts(name, "val")} or answered != {asked}:
            raise InputError(
                f"The base {path} has {len(rows)} problems of {name!r} before training, answered with (n, temperature, top_p, "
                f"top_k, max_tokens, min_p) {sorted(answered)}; this run asks other ones, or with {asked}. Give a run with "
                "the same data settings, or leave the base out and write --trainer.num_sanity_val_steps -1."
            )
        found += rows.values()
    return found


def _check_origin(path: Path, mine: dict[str, object]) -> None:
    theirs = read_record(path.parent)
    for name, value in mine.items():
        if theirs.get(name) != value:
            raise InputError(
                f"The base {path} is of a run with {name} {theirs.get(name)!r}, and this one has {value!r}; they must be the "
                "same. Give a run with the same one, or leave the base out and write --trainer.num_sanity_val_steps -1."
            )
