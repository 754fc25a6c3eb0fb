"""A replay from its settings to its files: frozen rollouts, objectives, and how they differ."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from rich.console import Console

from asym_lit.command_line.pace import Pace
from asym_lit.commands.other_rollouts import is_other
from asym_lit.commands.replay.comparing import compared, heat_rollouts
from asym_lit.commands.replay.measuring import Bench, Description, Measured, TappedScorer
from asym_lit.commands.replay.methods import chosen_objectives, feasible
from asym_lit.commands.replay.retokenised import SAID, retokenised
from asym_lit.commands.replay.sampling import sampled_batch
from asym_lit.commands.replay.settings import Replay
from asym_lit.objectives import Objective, grpo
from asym_lit.objectives.group_sizes import check_group_size
from asym_lit.policy.known_tokens import gaps, token_count
from asym_lit.policy.loading import context_of, load_policy, load_tokenizer
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.reports.heat_page import heat_page
from asym_lit.reports.objective_tables import Comparison, comparison_markdown, comparison_tables
from asym_lit.run_folder.checksums import check_export
from asym_lit.run_folder.transcripts import read_transcript, transcript_row
from asym_lit.run_folder.writing import write_atomically, write_json
from asym_lit.tasks import Countdown, CountdownVerifier
from asym_lit.types import InputError, RolloutBatch


def run_replay(settings: Replay, console: Console) -> Comparison:
    """Compare, print the tables and write the files.

    Raises:
        InputError: If the rollouts cannot be used, before anything is computed.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    folder = _writable(Path(settings.output))
    path = Path(settings.transcript) if settings.transcript else None
    foreign = path is not None and is_other(path)
    if path is None:
        batch = None
    elif foreign:
        check_export(settings.policy)
        batch = retokenised(path, load_tokenizer(settings.policy), settings.policy, settings.prompt_format)
    else:
        batch = read_transcript(path)
    sampling = batch.sampling if batch else settings.sampling
    objectives = chosen_objectives(settings.presets, settings.objectives, sampling.max_tokens)
    objectives, left_out = feasible(objectives, settings.presets, batch) if batch else (objectives, [])
    for objective in objectives.values():
        check_group_size(objective, sampling.n, str(path or ""))
    longest = max(len(r.prompt.token_ids) for r in batch.rollouts) + sampling.max_tokens if batch else None
    check_export(settings.policy)
    tokenizer = load_tokenizer(settings.policy)
    settings.prompt_format.check(tokenizer)
    scorer, reference = _scorers(settings, objectives, longest, tokenizer)
    if batch is None:
        task, verifier = settings.task or Countdown(), settings.verifier or CountdownVerifier()
        form = settings.prompt_format
        given = (scorer, tokenizer, task, verifier, settings.prompts, sampling, settings.seed)
        greedy = any(objective.rollout_needs.greedy for objective in objectives.values())
        batch = sampled_batch(*given, form=form, console=console, greedy=greedy)
        write_atomically(folder / "rollouts.jsonl", (json.dumps(transcript_row(r, batch)) for r in batch.rollouts))
    check_rollouts(batch, scorer, settings.policy)
    bench = Bench(scorer, reference, batch, settings.max_micro_batch_tokens)
    if foreign:
        for rollout, logprobs_T in zip(batch.rollouts, bench.describe().logprobs_BT, strict=True):
            rollout.logprobs = logprobs_T[: len(rollout.token_ids)].tolist()
        bench = Bench(scorer, reference, batch, settings.max_micro_batch_tokens)
    before, described, measured = _measured(settings, bench, objectives, console)
    own_reference = reference is None and _need_reference(objectives)
    result = compared(settings, batch, before, described, measured, own_reference)
    result.notes.extend([*([SAID] if foreign else []), *left_out])
    shown = heat_rollouts(tokenizer, batch, described, measured, settings.heat_rollouts)
    _report(result, heat_page(result, shown), folder, console)
    return result


def _report(result: Comparison, page: str, folder: Path, console: Console) -> None:
    write_json(folder / "replay.json", result.as_dict())
    write_atomically(folder / "replay.md", [comparison_markdown(result)])
    write_atomically(folder / "replay.html", [page])
    for table in comparison_tables(result, console.width):
        console.print(table)
    for note in result.notes:
        console.print(note, highlight=False, markup=False)
    console.print(f"Token heat  {folder / 'replay.html'}", highlight=False, markup=False, soft_wrap=True)
    console.print(f"Numbers     {folder / 'replay.json'}, replay.md", highlight=False, markup=False, soft_wrap=True)


def _measured(
    settings: Replay, bench: Bench, objectives: Mapping[str, Objective], console: Console
) -> tuple[Description, Description, dict[str, Measured]]:
    """What the weights say before the drift and after it, and every objective."""
    rollouts, drift = len(bench.batch.rollouts), settings.drift
    # Passes over all rollouts: to describe them, to score and to derive under each objective, and those of the drift.
    passes = 1 + 2 * len(objectives) + (drift + 2 if drift else 0)
    with Pace("replay: reading", passes * rollouts, "rollouts", console) as pace:
        tap = bench.scorer.register_forward_hook(lambda _module, given, _out: pace.advance(len(given[1])))
        before = bench.describe()
        learners = {}
        for number, (name, objective) in enumerate(objectives.items()):
            learners[name] = bench.learner(objective)
            pace.reach((2 + number) * rollouts)  # whatever was left out, or read for a reference
        if drift:
            bench.drift(grpo(), drift, settings.drift_lr)
        described = bench.describe() if drift else before
        measured = {}
        for number, (name, learner) in enumerate(learners.items()):
            pace.reach((passes - len(learners) + number) * rollouts)
            measured[name] = bench.measure(learner)
        tap.remove()
    return before, described, measured


def _scorers(
    settings: Replay, objectives: Mapping[str, Objective], longest: int | None, tokenizer: Any
) -> tuple[TappedScorer, TokenScorer | None]:
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise InputError("device is 'cuda', but torch finds no GPU; write --device cpu.")
    device = "cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"
    known = (token_count(tokenizer), gaps(tokenizer))
    scorer = TappedScorer(load_policy(settings.policy, settings.dtype, longest), *known).to(device)
    if settings.reference is None or not _need_reference(objectives):
        return scorer, None
    reference = TokenScorer(load_policy(settings.reference, settings.dtype, longest), *known)
    return scorer, reference.to(device).requires_grad_(False)


def _need_reference(objectives: Mapping[str, Objective]) -> bool:
    return any(objective.rollout_needs.reference for objective in objectives.values())


def check_rollouts(batch: RolloutBatch, scorer: TokenScorer, policy: str) -> None:
    """Refuse rollouts that the policy cannot have written, or that nothing can be learned from.

    Raises:
        InputError: With what would do.
    """
    vocabulary, context = scorer.vocabulary, context_of(scorer.model)
    for rollout in batch.rollouts:
        ids = [*rollout.prompt.token_ids, *rollout.token_ids]
        if max(ids) >= vocabulary:
            raise InputError(
                f"A rollout of {rollout.prompt.uid!r} holds the token id {max(ids)}, but {policy!r} knows {vocabulary} tokens; "
                "write --policy with the policy that wrote the transcript."
            )
        if context and len(ids) > context:
            raise InputError(
                f"A rollout of {rollout.prompt.uid!r} has {len(ids)} tokens, more than the context of {policy!r}, {context}."
            )
    if all(rollout.reward is None for rollout in batch.rollouts):
        raise InputError(f"None of the {len(batch.rollouts)} rollouts is decided, so there is nothing to learn from them.")


def _writable(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        probe = folder / ".probe"
        probe.touch()
        probe.unlink()
    except OSError as fault:
        raise InputError(f"The folder {folder} cannot be written to ({fault.strerror}); write another --output.") from fault
    return folder
