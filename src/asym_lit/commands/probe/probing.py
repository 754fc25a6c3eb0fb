"""A probe from its settings to its report: the untrained policy answers, and is judged.

The measures are in `evaluation/alignment.py`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Literal

import torch
from rich.console import Console
from transformers import PreTrainedTokenizerBase

from asym_lit.command_line.pace import Pace
from asym_lit.commands.replay.sampling import host_of, load_scorer, sampled_batch
from asym_lit.evaluation.alignment import Alignment, Continuation, Thresholds, measure_alignment, measure_continuations
from asym_lit.policy.loading import Dtype
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.reports.alignment_page import alignment_page
from asym_lit.reports.alignment_words import alignment_text, headline, recommendation
from asym_lit.reports.escaping import for_terminal
from asym_lit.reports.pass_at_k import pass_at_k_table
from asym_lit.rollout.engine import Request
from asym_lit.rollout.hf_engine import HFEngine
from asym_lit.rollout.rendering import PromptFormat, render
from asym_lit.rollout.stops import check_stops
from asym_lit.run_folder.paths import check_writable
from asym_lit.run_folder.writing import write_atomically, write_json
from asym_lit.tasks import Countdown, CountdownVerifier, Operation, OperationVerifier
from asym_lit.types import InputError, Outcome, Prompt, RolloutBatch, Sampling, Split, Task, Verifier


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class ProbedTask:
    """A task, and what decides on its answers.

    Args:
        task: Where problems come from.
        verifier: Decides.
        max_tokens: Longest response, stop token included.
        prompt_format: How questions are put to the policy, as training will: a template, a chat.
        stop_strings: Texts that end a response; see `Sampling`.
        stop_token_ids: Tokens that end one, beside those that the policy itself ends with.
    """

    task: Task
    verifier: Verifier
    max_tokens: int = 24
    prompt_format: PromptFormat = field(default_factory=PromptFormat)
    stop_strings: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()

    def sampling(self, n: int, temperature: float, top_p: float) -> Sampling:
        """How its responses are drawn."""
        return Sampling(n, temperature, top_p, 0, self.max_tokens, self.stop_strings, self.stop_token_ids)


@dataclass(frozen=True)
class Probe:
    """What can an untrained policy do on a task, and what may training be expected to do? Answered in minutes.

    Args:
        policy: `bundled`, a local Hugging Face directory, or a hub id.
        tasks: By name; the two bundled tasks if none is given.
        split: Of the problems.
        prompts: Problems of each task, the first of the split.
        n: Responses to each.
        temperature: Of their sampling.
        top_p: Of their sampling; 1 keeps all tokens.
        truncations: Shares of the questions, as the task gives them, that are kept in the contamination probe; empty for none.
        thresholds: Of the labels.
        seed: Of sampling.
        output: Folder for `probe.html`, `probe.md` and `probe.json`; files in it are replaced.
        threads: CPU threads; 0 leaves it to torch. Small policies want 1.
        device: `auto` takes a GPU if there is one.
        dtype: Of the weights.
    """

    policy: str = "bundled"
    tasks: dict[str, ProbedTask] | None = None
    split: Split = "val"
    prompts: int = 128
    n: int = 64
    temperature: float = 1.0
    top_p: float = 1.0
    truncations: list[float] = field(default_factory=lambda: [0.4, 0.6, 0.8])
    thresholds: Thresholds = field(default_factory=Thresholds)
    seed: int = 1
    output: str = "runs/probe"
    threads: int = 1
    device: Literal["auto", "cpu", "cuda"] = "auto"
    dtype: Dtype = "float32"

    def __post_init__(self) -> None:
        for name, least in (("prompts", 2), ("n", 1), ("threads", 0)):
            if getattr(self, name) < least:
                raise InputError(f"{name} is {getattr(self, name)}; allowed: {least} or more.")
        if self.n < self.thresholds.k:
            raise InputError(
                f"n is {self.n} and thresholds.k {self.thresholds.k}; allowed: at least as many responses as the k that "
                f"decides. Write --n {self.thresholds.k} or more."
            )
        if not all(0 < share < 1 for share in self.truncations):
            raise InputError(f"truncations is {self.truncations}; allowed: shares between 0 and 1, such as [0.4, 0.6, 0.8].")


def bundled_tasks() -> dict[str, ProbedTask]:
    """What the bundled policy is good at, and what it is not."""
    return {
        "countdown": ProbedTask(Countdown(), CountdownVerifier()),
        "operation": ProbedTask(Operation(), OperationVerifier(), max_tokens=8),
    }


def run_probe(settings: Probe, console: Console) -> list[Alignment]:
    """Measure, print and write the report.

    Raises:
        InputError: If a task cannot be used, before anything of it is computed.
    """
    if settings.threads:
        torch.set_num_threads(settings.threads)
    folder = Path(settings.output)
    check_writable(folder)
    if settings.device == "cuda" and not torch.cuda.is_available():
        raise InputError("device is 'cuda', but torch finds no GPU; write --device cpu.")
    device = "cuda" if settings.device != "cpu" and torch.cuda.is_available() else "cpu"
    scorer, tokenizer = load_scorer(settings.policy, settings.dtype, device)
    tasks = settings.tasks or bundled_tasks()
    for name, one in tasks.items():
        one.prompt_format.check(tokenizer)
        check_stops(tokenizer, {f"tasks.{name}": one.sampling(settings.n, settings.temperature, settings.top_p)})
    found = [_probed(name, one, settings, scorer, tokenizer, console) for name, one in tasks.items()]
    facts = {
        "policy": settings.policy,
        "problems x responses": f"{settings.prompts} x {settings.n}, {settings.split} split",
        "temperature": f"{settings.temperature:g}",
        "top-p": f"{settings.top_p:g}",
        **{f"{name} is put as": words for name, one in tasks.items() if (words := _words(one.prompt_format))},
    }
    write_atomically(folder / "probe.html", [alignment_page(found, settings.thresholds, facts)])
    write_atomically(folder / "probe.md", [alignment_text(found, settings.thresholds, facts)])
    write_json(folder / "probe.json", [_plain(one) for one in found])
    _show(found, settings, folder, console)
    return found


def _probed(
    name: str, one: ProbedTask, settings: Probe, scorer: TokenScorer, tokenizer: PreTrainedTokenizerBase, console: Console
) -> Alignment:
    sampling = one.sampling(settings.n, settings.temperature, settings.top_p)
    how = (settings.prompts, sampling, settings.seed, settings.split, one.prompt_format, console)
    made = sampled_batch(scorer, tokenizer, one.task, one.verifier, *how)
    samples, correct = _counts(made)
    # The questions alone: a policy that never saw them could finish a template, and a chat's end stops generation.
    questions = render(one.task.prompts(settings.split)[: settings.prompts], tokenizer)
    with Pace(f"{name}: finishing cut questions", len(settings.truncations) * len(questions), "questions", console) as pace:
        cut = [_continued(share, questions, scorer, tokenizer, settings.seed, pace) for share in settings.truncations]
    return measure_alignment(name, samples, correct, settings.thresholds, cut)


def _words(form: PromptFormat) -> str:
    return ", ".join(f"{name} {value!r}" for name, value in asdict(form).items() if value != getattr(PromptFormat(), name))


def _counts(made: RolloutBatch) -> tuple[list[int], list[int]]:
    outcomes = [[r.verdict.truth for r in group if r.verdict] for group in made.groups]
    decided = [[o for o in group if o != Outcome.UNDECIDED] for group in outcomes]
    return [len(group) for group in decided], [sum(o == Outcome.CORRECT for o in group) for group in decided]


def _continued(
    share: float, prompts: Sequence[Prompt], scorer: TokenScorer, tokenizer: PreTrainedTokenizerBase, seed: int, pace: Pace
) -> Continuation:
    """The likeliest continuation of each prompt that was cut off."""
    kept = [min(max(1, math.ceil(share * len(p.token_ids))), len(p.token_ids) - 1) for p in prompts]
    cut = [p.token_ids[k:] for p, k in zip(prompts, kept, strict=True)]
    requests = [
        Request(replace(p, token_ids=p.token_ids[:k]), slot, seed)
        for slot, (p, k) in enumerate(zip(prompts, kept, strict=True))
    ]
    engine = HFEngine()
    engine.start(host_of(scorer, tokenizer))
    engine.sync([], 0)
    try:
        sampling = Sampling(n=1, top_k=1, max_tokens=max(map(len, cut)))
        said = {}
        for (rollout,) in engine.generate(requests, sampling):
            said[rollout.slot] = rollout.token_ids
            pace.advance()
    finally:
        engine.close()
    return measure_continuations(share, [said[slot] for slot in range(len(cut))], cut)


def _plain(one: Alignment) -> Mapping[str, object]:
    return {**asdict(one), "colour": one.colour, "expected": recommendation(one)}


def _show(found: Sequence[Alignment], settings: Probe, folder: Path, console: Console) -> None:
    for one in found:
        console.print(pass_at_k_table(f"{one.task}, untrained", {settings.policy: one.curve}))
        console.print(for_terminal(headline(one, settings.thresholds)), highlight=False)
        for technique, words in recommendation(one).items():
            console.print(f"  {technique:15} {for_terminal(words)}", highlight=False)
    console.print(f"Report          {folder / 'probe.html'}", highlight=False, markup=False, soft_wrap=True)
