"""Seconds and peak memory of chunked token scores beside those of full logits, forward and backward, in one run.

    python benchmarks/token_scores.py --markdown token_scores.md

Each run is a fresh interpreter with one thread, and variants take turns, so that a machine that slows down slows all.
On a CPU seconds are processor time, which other work on the machine does not lengthen as it does the time that passes.
Memory is the largest resident set above that with inputs (hidden states, head, tokens) in place; on a GPU, the largest
allocation above them. It includes the gradients, which all variants must make: of the head alone, 519 MiB in fp32.

  - chunked: asym_lit's, `policy/token_scores`.
  - full logits: linear, log_softmax, gather, entropy, topk and argmax in fp32, by autograd.
  - repeated logits: as the released code of SimKO has it. Logits are repeated once for each candidate token, to
    [tokens * candidates, vocabulary], and the log-prob of each candidate is taken from its copy. It needs so much memory
    that on a CPU it is run with `--few` tokens, where the other two stand beside it.

"log-prob" asks for the sampled token's log-prob alone; "SimKO" for entropies, the candidates' log-probs and the rank-1
flag too. The loss is a weighted sum over all log-probs. Each variant is held against full logits with an exact softmax: the
product with the head in fp32 (fp64 where inputs are bf16), all that follows in fp64, some tokens at a time. "off" is the
largest difference of scores, and of gradients by hidden states and by the head, each in units of its largest entry. The last
column has the scores beside those of full logits in fp32: their log_softmax adds up so many exponentials one by one, which
is most of what stands there.

On a GPU, where there is one, all of it in bf16 as well; there the head of full logits rounds them to bf16, which is most
of the difference.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
from collections.abc import Callable
from dataclasses import asdict, dataclass, replace
from functools import cached_property
from pathlib import Path
from statistics import median
from time import perf_counter, process_time
from types import SimpleNamespace
from typing import Any

import torch
from torch import Tensor, nn

from asym_lit.policy.token_scores import TokenScorer
from asym_lit.types import Needs, TokenScores

MARK = "RECORD "
EXACT = "full logits, exact softmax"
COLUMNS = (
    "scores",
    "tokens",
    "variant",
    "s (lowest-highest)",
    "to full",
    "MiB",
    "to full",
    "off: scores",
    "gradients",
    "to full: scores",
)
ENVIRONMENT = {"OMP_NUM_THREADS": "1", "MKL_NUM_THREADS": "1", "PYTHONWARNINGS": "ignore"}


@dataclass(frozen=True)
class Job:
    variant: str
    simko: bool
    tokens: int
    vocabulary: int
    hidden: int
    candidates: int
    device: str
    dtype: str
    repeats: int

    @property
    def needs(self) -> Needs:
        return Needs(entropy=True, top_n=self.candidates, rank1=True) if self.simko else Needs()


@dataclass
class Record:
    seconds: list[float]
    mib: float


class Head(nn.Module):
    """A policy that is nothing but its LM head."""

    def __init__(self, job: Job) -> None:
        super().__init__()
        self.config, place = object(), {"device": job.device, "dtype": getattr(torch, job.dtype)}
        self.head = nn.Linear(job.hidden, job.vocabulary, bias=False, **place)
        torch.nn.init.normal_(self.head.weight, std=0.1)

    def get_output_embeddings(self) -> nn.Linear:
        return self.head

    def forward(self, input_ids: Tensor, use_cache: bool) -> SimpleNamespace:
        """Of hidden states of ones: what is read off a policy before it is scored."""
        weight_VH = self.head.weight
        return SimpleNamespace(logits=self.head(weight_VH.new_ones(*input_ids.shape, weight_VH.shape[1])))

    @cached_property
    def scorer(self) -> TokenScorer:
        return TokenScorer(self)  # type: ignore[arg-type]


def chunked(model: Head, hidden_NH: Tensor, targets_N: Tensor, needs: Needs) -> TokenScores:
    return model.scorer.score_flat(hidden_NH, targets_N, 1.0, needs)


def full_logits(model: Head, hidden_NH: Tensor, targets_N: Tensor, needs: Needs) -> TokenScores:
    return _from_logits(model, hidden_NH, targets_N, needs, torch.promote_types(hidden_NH.dtype, torch.float32))


def _from_logits(model: Head, hidden_NH: Tensor, targets_N: Tensor, needs: Needs, dtype: torch.dtype) -> TokenScores:
    logprobs_NV = model.head(hidden_NH).to(dtype).log_softmax(-1)  # the logits have no name, so they are freed
    scores = TokenScores(logprobs_NV.gather(-1, targets_N[:, None]).squeeze(-1))
    if needs.entropy:
        with torch.no_grad():
            scores.entropy_BT = -(logprobs_NV.exp() * logprobs_NV).sum(-1)
    if needs.top_n:
        scores.topk_logprobs_BTK = logprobs_NV.topk(needs.top_n, -1).values
    if needs.rank1:
        scores.rank1_BT = logprobs_NV.argmax(-1) == targets_N
    return scores


def repeated_logits(model: Head, hidden_NH: Tensor, targets_N: Tensor, needs: Needs) -> TokenScores:
    logits_NV = model.head(hidden_NH).float()
    scores = TokenScores(logits_NV.log_softmax(-1).gather(-1, targets_N[:, None]).squeeze(-1))
    with torch.no_grad():
        probs_NV = logits_NV.softmax(-1)
        scores.entropy_BT = logits_NV.logsumexp(-1) - (probs_NV * logits_NV).sum(-1)
        del probs_NV
        ids_NK = logits_NV.topk(needs.top_n, -1).indices
    copies_CV = logits_NV[:, None].expand(-1, needs.top_n, -1).reshape(-1, logits_NV.shape[-1])
    logprobs_C = copies_CV.log_softmax(-1).gather(-1, ids_NK.reshape(-1, 1)).squeeze(-1)
    scores.topk_logprobs_BTK = logprobs_C.view_as(ids_NK)
    scores.rank1_BT = logits_NV.argmax(-1) == targets_N
    return scores


VARIANTS: dict[str, Callable[[Head, Tensor, Tensor, Needs], TokenScores]] = {
    "chunked": chunked,
    "full logits": full_logits,
    "repeated logits": repeated_logits,
}


class Memory:
    """The most memory since the start, in MiB, above what was held then."""

    def __init__(self, device: str) -> None:
        self.on_gpu = device == "cuda"
        if self.on_gpu:
            torch.cuda.reset_peak_memory_stats()
        else:
            Path("/proc/self/clear_refs").write_text("5")  # the peak starts anew
        self.start = torch.cuda.memory_allocated() / 2**20 if self.on_gpu else self._resident("VmRSS")

    def above(self) -> float:
        peak = torch.cuda.max_memory_allocated() / 2**20 if self.on_gpu else self._resident("VmHWM")
        return peak - self.start

    def _resident(self, name: str) -> float:
        line = next(line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith(name))
        return int(line.split()[1]) / 1024


def inputs(job: Job, model: Head) -> tuple[Tensor, Tensor]:
    """Hidden states and tokens; half of the tokens are likely ones."""
    weight_VH = model.head.weight.detach()
    targets_N = torch.randint(job.vocabulary, (job.tokens,), device=job.device)
    hidden_NH = torch.randn(job.tokens, job.hidden, device=job.device).to(weight_VH.dtype)
    hidden_NH[::2] += (50 / job.hidden**0.5) * weight_VH[targets_N[::2]]
    return hidden_NH.requires_grad_(), targets_N


def loss_of(scores: TokenScores, weights_NK: Tensor) -> Tensor:
    """All log-probs, each with its weight."""
    loss = (weights_NK[:, 0] * scores.logprobs_BT).sum()
    if scores.topk_logprobs_BTK is not None:
        loss = loss + (weights_NK[:, 1 : 1 + scores.topk_logprobs_BTK.shape[1]] * scores.topk_logprobs_BTK).sum()
    return loss


def weights(tokens: int, device: str) -> Tensor:
    return torch.linspace(-1, 1, tokens, device=device)[:, None] * torch.arange(1, 9, device=device)


def run(job: Job, model: Head, hidden_NH: Tensor, targets_N: Tensor) -> tuple[TokenScores, float]:
    """Forward and backward once."""
    model.head.weight.grad = hidden_NH.grad = None
    on_gpu = job.device == "cuda"
    sync, clock = (torch.cuda.synchronize, perf_counter) if on_gpu else (lambda: None, process_time)
    weights_NK = weights(len(targets_N), job.device)
    sync()
    start = clock()
    scores = VARIANTS[job.variant](model, hidden_NH, targets_N, job.needs)
    loss_of(scores, weights_NK).backward()
    sync()
    return scores, clock() - start


def values_of(scores: TokenScores) -> list[Tensor]:
    values = (scores.logprobs_BT, scores.entropy_BT, scores.topk_logprobs_BTK, scores.rank1_BT)
    return [v.detach() for v in values if v is not None]


def save_exact(job: Job, model: Head, hidden_NH: Tensor, targets_N: Tensor, folder: str) -> None:
    """Full logits with a softmax in fp64, 256 tokens at a time; scores and gradients go to the folder."""
    product = torch.float64 if job.dtype == "bfloat16" else torch.float32
    weights_NK, model = weights(job.tokens, job.device).double(), model.to(product)
    scores, by_hidden = [], []
    for part in torch.arange(job.tokens).split(256):
        some_NH = hidden_NH[part].detach().to(product).requires_grad_()
        found = _from_logits(model, some_NH, targets_N[part], job.needs, torch.float64)
        loss_of(found, weights_NK[part]).backward()
        scores.append(values_of(found))
        by_hidden.append(some_NH.grad)
    gradients = [torch.cat(by_hidden), model.head.weight.grad]
    torch.save({"scores": [torch.cat(v) for v in zip(*scores, strict=True)], "gradients": gradients}, Path(folder) / EXACT)


def child(job: Job, folder: str) -> None:
    """Do the job in this process, print the record and leave scores and gradients in the folder."""
    torch.set_num_threads(1)
    torch.manual_seed(0)
    model = Head(job)
    hidden_NH, targets_N = inputs(job, model)
    if job.variant == EXACT:
        save_exact(job, model, hidden_NH, targets_N, folder)
        print(MARK + json.dumps(asdict(Record([0.0], 0.0))), flush=True)
        return
    warm = torch.cuda.is_available() and job.device == "cuda"
    few = slice(None) if warm else slice(0, 8)  # what a first call sets up, a GPU's allocator included
    run(job, model, hidden_NH[few].detach().requires_grad_(), targets_N[few])
    model.head.weight.grad = None
    memory, seconds = Memory(job.device), []
    for _ in range(job.repeats):
        scores, lasted = run(job, model, hidden_NH, targets_N)
        seconds.append(lasted)
    print(MARK + json.dumps(asdict(Record(seconds, memory.above()))), flush=True)
    gradients = [hidden_NH.grad, model.head.weight.grad]
    torch.save({"scores": values_of(scores), "gradients": gradients}, Path(folder) / job.variant)


def spawn(job: Job, folder: str) -> Record:
    """Do the job in a process of its own."""
    command = [sys.executable, __file__, "--child", json.dumps(asdict(job)), folder]
    done = subprocess.run(command, env=os.environ | ENVIRONMENT, capture_output=True, text=True)
    found = [line for line in done.stdout.splitlines() if line.startswith(MARK)]
    if done.returncode or not found:
        sys.exit(f"{job} failed (exit status {done.returncode}):\n{done.stderr[-4000:]}")
    record = Record(**json.loads(found[-1].removeprefix(MARK)))
    what = f"{job.variant}, {'SimKO' if job.simko else 'log-prob'}, {job.tokens} tokens"
    print(f"{what}: {median(record.seconds):.3f} s, {record.mib:.0f} MiB", file=sys.stderr, flush=True)
    return record


def differences(folder: str, variant: str, other: str) -> dict[str, str]:
    """The largest ones between two variants: of scores, and of gradients in units of the largest entry."""
    mine, theirs = (torch.load(Path(folder) / name, mmap=True, map_location="cpu") for name in (variant, other))
    cells = {}
    for part in ("scores", "gradients"):
        off = []
        for ours, full in zip(mine[part], theirs[part], strict=True):
            parts = list(zip(ours.split(8192), full.split(8192), strict=True))
            unit = max(float(b.abs().max()) for _, b in parts) if part == "gradients" else 1.0
            off.append(max(float((a.double() - b.double()).abs().max()) for a, b in parts) / unit)
        cells[part] = f"{max(off):.1e}"
    return cells


def compare(jobs: list[Job], rounds: int) -> tuple[list[list[str]], dict[str, float]]:
    """Rows of the table, one for each variant of the same work, and MiB of each."""
    with tempfile.TemporaryDirectory() as folder:
        runs: dict[str, list[Record]] = {job.variant: [] for job in jobs}
        for _ in range(rounds):
            for job in jobs:
                runs[job.variant].append(spawn(job, folder))
        off = {name: ["", "", ""] for name in runs}
        if "full logits" in runs:
            spawn(replace(jobs[0], variant=EXACT), folder)
            for name in runs:
                exact, full = (differences(folder, name, other) for other in (EXACT, "full logits"))
                off[name] = [exact["scores"], exact["gradients"], full["scores"] if name != "full logits" else ""]
    times = {name: [s for record in records for s in record.seconds] for name, records in runs.items()}
    mib = {name: median(record.mib for record in records) for name, records in runs.items()}
    rows = []
    for job in jobs:
        name = job.variant
        cells = ["SimKO" if job.simko else "log-prob", f"{job.tokens:,}", name]
        cells.append(f"{median(times[name]):.3g} ({min(times[name]):.3g}-{max(times[name]):.3g})")
        full = "full logits" in runs
        cells.append(f"{median(times[name]) / median(times['full logits']):.2f}" if full else "")
        rows.append([*cells, f"{mib[name]:,.0f}", f"{mib[name] / mib['full logits']:.3f}" if full else "", *off[name]])
    return rows, mib


def table_of(device: str, dtype: str, options: argparse.Namespace) -> tuple[list[list[str]], str]:
    """All rows on one device, and what to say of the growth of memory."""

    def job(variant: str, simko: bool, tokens: int) -> Job:
        sizes = (options.vocabulary, options.hidden, options.candidates)
        return Job(variant, simko, tokens, *sizes, device, dtype, repeats=5 if device == "cuda" else 1)

    few = options.tokens if device == "cuda" else options.few
    plans = [[job(v, False, options.tokens) for v in ("chunked", "full logits")]]
    plans += [[job(v, True, options.tokens) for v in ("chunked", "full logits")]] if few != options.tokens else []
    plans += [[job(v, True, few) for v in VARIANTS]]
    rows: list[list[str]] = []
    held: dict[int, float] = {}
    for plan in plans:
        found, mib = compare(plan, options.rounds)
        rows += found
        if plan[0].simko:
            held[plan[0].tokens] = mib["chunked"]
    found, mib = compare([job("chunked", True, options.many)], rounds=1)
    rows += found
    bytes_each = options.hidden * getattr(torch, dtype).itemsize
    more = (options.many - options.tokens) * bytes_each / 2**20
    growth = mib["chunked"] - held[options.tokens]
    note = f"From {options.tokens:,} to {options.many:,} tokens chunked scores take {growth:.0f} MiB more "
    note += f"({growth / held[options.tokens]:+.1%}), of which the gradient by hidden states is {more:.0f} MiB; "
    return rows, note + f"without it {(growth - more) / held[options.tokens]:+.1%}."


def report(title: str, rows: list[list[str]], caption: str) -> str:
    """Print the table; returns it in markdown."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*COLUMNS, title=title, caption=caption)
    for row in rows:
        table.add_row(*row)
    Console(width=None if sys.stdout.isatty() else 160).print(table)
    lines = [COLUMNS, ["---"] * len(COLUMNS), *rows]
    return f"{title}\n\n" + "\n".join(f"| {' | '.join(line)} |" for line in lines) + f"\n\n{caption}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Chunked token scores beside full logits: seconds and peak memory.")
    parser.add_argument("--vocabulary", type=int, default=151_936)
    parser.add_argument("--hidden", type=int, default=896)
    parser.add_argument("--tokens", type=int, default=4096)
    parser.add_argument("--few", type=int, default=512, help="tokens with which logits are also repeated, on a CPU")
    parser.add_argument("--many", type=int, default=16_384, help="tokens up to which the growth of memory is measured")
    parser.add_argument("--candidates", type=int, default=3, choices=range(1, 8), help="most likely tokens (SimKO's K)")
    parser.add_argument("--rounds", type=int, default=1, help="processes per variant, taking turns")
    parser.add_argument("--markdown", help="file to write the tables to")
    options = parser.parse_args()
    about: dict[str, Any] = {"torch": torch.__version__, "Python": platform.python_version()}
    tables = []
    for device, dtype in (("cpu", "float32"), ("cuda", "bfloat16")):
        if device == "cuda" and not torch.cuda.is_available():
            print("No GPU here: the table in bf16 is left out.")
            continue
        place = "one thread" if device == "cpu" else torch.cuda.get_device_name()
        title = f"{dtype} on {device} ({place}): vocabulary {options.vocabulary:,}, hidden {options.hidden:,}, "
        title += f"{options.candidates} candidates"
        rows, note = table_of(device, dtype, options)
        versions = ", ".join(f"{name} {version}" for name, version in about.items())
        tables.append(report(title, rows, f"{note} Processes per variant: {options.rounds}. {versions}."))
    if options.markdown:
        Path(options.markdown).write_text("\n".join(tables))


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(Job(**json.loads(sys.argv[2])), sys.argv[3])
    else:
        main()
