"""The nouns that travel: what a prompt, a rollout, a verdict and their tensors are.

Everything else in the package is a function from some of these nouns to others.

Shape letters, used as suffixes of tensor names (`advantages_BT`):

    P  prompts of a rollout step          B  rollouts (of a step or of a micro-batch)
    G  rollouts of one prompt (a group)   T  response tokens, padded on the right
    K  candidate tokens of one position   V  vocabulary
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, field, fields, replace
from enum import StrEnum
from time import perf_counter
from typing import Any, Literal, Protocol, runtime_checkable

import torch
from torch import Tensor

Split = Literal["train", "val", "test"]
FinishReason = Literal["stop", "length"]


class InputError(ValueError):
    """Something a person gave cannot be used. The message says what was given, what is allowed, and what to write."""


class Outcome(StrEnum):
    """What a verifier may say of a response; `undecided` is no verdict on the response but on the verifier."""

    CORRECT = "correct"
    INCORRECT = "incorrect"
    UNDECIDED = "undecided"


@dataclass(frozen=True, slots=True)
class Prompt:
    """One question."""

    uid: str
    """Stable name of the problem: the same in every run and on every rank. Seeds and ledgers hang on it."""
    text: str
    """What the policy reads."""
    answer: Mapping[str, Any]
    """What the task's verifier needs; plain types only."""
    task: str
    """Name of the task it comes from."""
    token_ids: tuple[int, ...] = ()
    """`text` under the policy's tokenizer; empty until the data module has tokenized it."""
    messages: tuple[Mapping[str, str], ...] = ()
    """Turns of a chat (`role`, `content`) where the question is one; `text` is then what the chat template makes of them."""
    origin: str = ""
    """Where it was read, such as `train.jsonl, row 17`; empty if it was generated."""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A row of data, or a prompt, that is not used, and why."""

    origin: str
    """Where it was read, such as `train.jsonl, row 17`."""
    reason: str
    """What is said of every such row, then perhaps a colon and what is particular to this one."""
    uid: str = ""


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a verifier said of one response, and why."""

    outcome: Outcome
    by: str
    """The verifier (or the rung of a ladder) that decided."""
    reason: str
    """One short sentence for people."""
    extracted: str | None = None
    """The answer as found in the response; None if none was found."""
    seconds: float = 0.0
    path: tuple[Verdict, ...] = ()
    """Of a ladder: what each rung that was asked said, in order; empty for a single verifier."""
    oracle: Outcome | None = None
    """What is known to be true, where the outcome may differ: of an intervention, or beside a verifier that errs."""
    score: float | None = None
    """Share of the reward, where it is not all or nothing: 1 is that of a right response, 0 that of a wrong one."""

    @property
    def truth(self) -> Outcome:
        """What evaluations count: the oracle's word if there is one."""
        return self.outcome if self.oracle is None else self.oracle


@dataclass(frozen=True, slots=True)
class LabelledAnswer:
    """An answer that is known to be right or wrong: what judges are trained on and verifiers measured with."""

    question: str
    gold: str
    """The reference answer."""
    candidate: str
    """The answer in question."""
    label: bool
    """True: it is right."""
    source: str = ""
    """Where it comes from, or its category."""
    thought: str = ""
    """What a judge that thinks may write before its verdict."""


@dataclass(slots=True)
class Rollout:
    """One sampled response to one prompt; filled in order, by the engine, then the verifier, then the shapers."""

    prompt: Prompt
    slot: int
    """Position of its group in the global batch of the rollout step (0 ... P-1), the same on any number of ranks."""
    token_ids: list[int]
    """Response tokens as sampled, including the stop token. These ids, never the text, are what is trained on."""
    logprobs: list[float]
    """The engine's log-prob of each token under the distribution it sampled from."""
    finish_reason: FinishReason
    policy_version: int
    """Optimizer steps behind the weights that wrote it."""
    text: str = ""
    verdict: Verdict | None = None
    reward: float | None = None
    """None until verified; stays None while the verdict is undecided."""
    step_right: list[bool] | None = None
    """Per token: an annotator calls its reasoning step right; None without annotations."""


@dataclass(frozen=True, slots=True)
class Needs:
    """What a part must be given beside the log-prob of the sampled token; the union is computed, nothing more."""

    reference: bool = False
    """Log-probs of the sampled tokens under the frozen reference."""
    entropy: bool = False
    entropy_gradient: bool = False
    """Entropies that carry gradient, as a bonus on them wants; implies `entropy`."""
    top_n: int = 0
    """Log-probs of this many most likely tokens; 0 for none."""
    rank1: bool = False
    """Whether the sampled token is the most likely one."""
    rollout_scores: bool = False
    """Scores at the weights that sampled, before the first update; else they are taken from it, which saves a pass."""

    def __post_init__(self) -> None:
        if self.entropy_gradient:
            object.__setattr__(self, "entropy", True)

    def __or__(self, other: Needs) -> Needs:
        return Needs(
            self.reference or other.reference,
            self.entropy or other.entropy,
            self.entropy_gradient or other.entropy_gradient,
            max(self.top_n, other.top_n),
            self.rank1 or other.rank1,
            self.rollout_scores or other.rollout_scores,
        )


@dataclass(slots=True)
class TokenScores:
    """What a policy says of each response token, at the sampling temperature. Padding holds zeros."""

    logprobs_BT: Tensor
    """Log-prob of the sampled token; carries gradient in an update."""
    entropy_BT: Tensor | None = None
    """Entropy of the whole distribution in nats; detached unless its gradient is needed."""
    topk_logprobs_BTK: Tensor | None = None
    """Log-probs of the K most likely tokens, in falling order; carries gradient in an update."""
    rank1_BT: Tensor | None = None
    """Bool: the sampled token is the most likely one."""


def _itself(values: Tensor) -> Tensor:
    return values


@dataclass(frozen=True, slots=True)
class Collectives:
    """How statistics of a batch become statistics over all ranks; alone, nothing happens."""

    sum: Callable[[Tensor], Tensor] = _itself
    """Elementwise sum over ranks."""
    cat: Callable[[Tensor], Tensor] = _itself
    """The 1-D tensors of all ranks, joined."""


@dataclass(frozen=True, slots=True)
class BatchPool:
    """What is known of all tokens of a rollout step, over all ranks."""

    entropy_N: Tensor | None = None
    """Entropies at the weights that sampled, in rising order; None unless they were asked for."""
    logprob_N: Tensor | None = None
    """Log-probs of the sampled tokens at those weights, in rising order."""

    def entropy_quantile(self, q: float) -> Tensor:
        """The q-quantile of the entropies."""
        assert self.entropy_N is not None
        return _quantile(self.entropy_N, q)

    def logprob_quantile(self, q: float) -> Tensor:
        """The q-quantile of the log-probs."""
        assert self.logprob_N is not None
        return _quantile(self.logprob_N, q)


def _quantile(ordered_N: Tensor, q: float) -> Tensor:
    """Linear between neighbours, of values in rising order; `torch.quantile` refuses more than 16 million of them."""
    if not len(ordered_N):
        return torch.full((), torch.nan, dtype=ordered_N.dtype, device=ordered_N.device)
    position = q * (len(ordered_N) - 1)
    low, high = ordered_N[int(position)], ordered_N[min(int(position) + 1, len(ordered_N) - 1)]
    return torch.lerp(low, high, position - int(position))


@dataclass(slots=True)
class Experience:
    """A set of rollouts as tensors: what objectives see. Rows of a group stand together, `group_size` of them."""

    mask_BT: Tensor
    """Float: 1 on sampled tokens (stop token included), 0 on padding."""
    rewards_B: Tensor
    """After reward shaping; 0 where undecided, which `valid_B` hides."""
    correct_B: Tensor
    """Bool: the verifier said correct, whatever shaping did to the reward."""
    valid_B: Tensor
    """Bool: False for undecided rollouts and dropped groups, which no statistic may use."""
    truncated_B: Tensor
    """Bool: the response hit the length limit."""
    group_size: int
    sampler_logprobs_BT: Tensor
    old_logprobs_BT: Tensor | None = None
    """The trainer's own log-probs at the weights that sampled."""
    reference_logprobs_BT: Tensor | None = None
    advantages_BT: Tensor | None = None
    entropy_BT: Tensor | None = None
    """Entropy at the weights that sampled; None unless a reweight needs it."""
    step_right_BT: Tensor | None = None
    """Bool: an annotator calls the token's reasoning step right; None without annotations."""
    pool: BatchPool | None = None
    """Of the whole batch, whichever rows these are; None unless a part needs it."""
    collectives: Collectives = Collectives()

    @property
    def lengths_B(self) -> Tensor:
        """Response tokens of each rollout."""
        return self.mask_BT.sum(-1)

    def rows(self, index: Sequence[int], length: int) -> Experience:
        """The given rows, cut to `length` response tokens; `group_size` becomes 1, for the groups are broken up."""
        cut: dict[str, Any] = {"group_size": 1}
        for item in fields(self):
            value = getattr(self, item.name)
            if isinstance(value, Tensor):
                picked = value[torch.as_tensor(index, device=value.device)]
                cut[item.name] = picked[:, :length] if picked.dim() > 1 else picked
        return replace(self, **cut)


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class Sampling:
    """How responses are drawn.

    Args:
        n: Rollouts per prompt (the group size).
        temperature: Divides the logits; must be above 0.
        top_p: Keep the smallest set of tokens with this much probability; 1 keeps all.
        top_k: Keep this many most likely tokens; 0 keeps all.
        max_tokens: Longest response, stop token included.
    """

    n: int = 8
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 32

    def __post_init__(self) -> None:
        for name, ok, allowed in (
            ("n", self.n >= 1, "at least 1"),
            ("temperature", self.temperature > 0, "above 0 (write a small value such as 0.01 for near-greedy)"),
            ("top_p", 0 < self.top_p <= 1, "in (0, 1]; 1 switches it off"),
            ("top_k", self.top_k >= 0, "0 or more; 0 switches it off"),
            ("max_tokens", self.max_tokens >= 1, "at least 1"),
        ):
            if not ok:
                raise InputError(f"sampling.{name} is {getattr(self, name)}; allowed: {allowed}.")

    @property
    def filters(self) -> bool:
        """True if tokens are cut from the distribution, so that its log-probs are not the policy's."""
        return self.top_p < 1 or self.top_k > 0


@dataclass(slots=True)
class RolloutBatch:
    """The rollouts of one step on one rank, and what has been computed of them so far.

    A mutable container: the data module makes it, callbacks read it, the module fills in the tensors.
    """

    rollouts: list[Rollout]
    """Groups stand together: `sampling.n` rollouts per prompt, this rank's prompts in slot order."""
    sampling: Sampling
    step: int
    """Rollout step that asked for it, from 0."""
    source: str
    """Name of the prompt set."""
    kept: list[bool] = field(default_factory=list)
    """Per group: False if the objective's filter dropped it and no replacement was found."""
    seconds: dict[str, float] = field(default_factory=dict)
    """Wall time per stage so far: sync, generate, verify, score, update."""
    drawn: int = 0
    """Groups generated on this rank, replaced ones included."""
    discarded: list[Rollout] = field(default_factory=list)
    """Rollouts of groups that the filter dropped and a later draw replaced."""
    experience: Experience | None = None
    scores: TokenScores | None = None
    """The policy's scores at the weights that sampled (no gradient)."""

    def spend(self, stage: str, since: float) -> float:
        """Add the time since then to a stage; returns now."""
        now = perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - since
        return now

    @property
    def groups(self) -> list[list[Rollout]]:
        """The rollouts, one list per prompt."""
        n = self.sampling.n
        return [self.rollouts[i : i + n] for i in range(0, len(self.rollouts), n)]


@runtime_checkable
class Verifier(Protocol):
    """Says whether a response answers its prompt."""

    @property
    def name(self) -> str:
        """How it signs its verdicts."""
        ...

    def verify(self, prompt: Prompt, response: str) -> Verdict:
        """The verdict on one response. A fault of the verifier is `undecided`, never `incorrect`."""
        ...

    def self_test(self) -> None:
        """Prove that right is called right and wrong wrong; raise with the case that failed."""
        ...


@runtime_checkable
class SubmittingVerifier(Verifier, Protocol):
    """A verifier that works beside its caller, so that verdicts are made while responses are still being generated."""

    def open(self) -> None:
        """Start what it works with (processes, connections); nothing happens if it is open."""
        ...

    def submit(self, prompt: Prompt, response: str) -> Future[Verdict]:
        """Take a response; `verify` is this and waiting. Thread-safe, and opens itself if need be."""
        ...

    def close(self) -> None:
        """End all of it; what is still waiting is cancelled. It may be opened again."""
        ...


@runtime_checkable
class Intervention(Verifier, Protocol):
    """A verifier that puts other verdicts in place of those of the one it wraps, group by group; what was true, it notes."""

    @property
    def verifier(self) -> Verifier:
        """The wrapped one; its verdicts are made first."""
        ...

    def revise(self, group: Sequence[Rollout], verdicts: Sequence[Verdict]) -> list[Verdict]:
        """The verdicts in use, for those of the innermost verifier on all rollouts of one prompt."""
        ...


@runtime_checkable
class Counting(Protocol):
    """Something that keeps counts for the log."""

    def metrics(self) -> Mapping[str, float]:
        """Counts since the start of this process, by name;"""
        ...


@runtime_checkable
class AuditingVerifier(Verifier, Protocol):
    """A verifier that can tell beforehand which gold answers it cannot read."""

    def unreadable(self, prompts: Sequence[Prompt]) -> dict[str, str]:
        """Why a gold answer cannot be read, by the `uid` of its prompt; those that can be are left out."""
        ...


@runtime_checkable
class Task(Protocol):
    """A source of prompts."""

    @property
    def name(self) -> str:
        """What metrics and transcripts call it."""
        ...

    def prompts(self, split: Split) -> Sequence[Prompt]:
        """All prompts of a split, always in the same order. The three splits share no problem."""
        ...


@runtime_checkable
class SelectiveTask(Task, Protocol):
    """A task that leaves out some of its data, and says which."""

    def left_out(self, split: Split) -> Sequence[LeftOut]:
        """What was not made into a prompt of the split, in the order of the data."""
        ...


@runtime_checkable
class DemonstratedTask(Task, Protocol):
    """A task that can also show how it is done, for supervised training."""

    def demonstration(self, seed: int, index: int) -> tuple[Prompt, str]:
        """The index-th prompt of an endless training stream, with a correct response."""
        ...


@runtime_checkable
class AnswerSource(Protocol):
    """A source of labelled answers, split by question."""

    @property
    def name(self) -> str:
        """What reports call it."""
        ...

    def answers(self, split: Split) -> Sequence[LabelledAnswer]:
        """All answers of a split, always in the same order. No question is in two splits."""
        ...
