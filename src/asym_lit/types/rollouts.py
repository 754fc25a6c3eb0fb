"""Responses: how they are drawn, one of them, and all of a step. Their tensors are in `experience` and `scores`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields, replace
from time import perf_counter
from typing import Any, Literal

from torch import Tensor

from asym_lit.shapes import Bool
from asym_lit.types.errors import InputError
from asym_lit.types.experience import Experience
from asym_lit.types.problems import Prompt
from asym_lit.types.schedules import Schedule
from asym_lit.types.scores import TokenScores
from asym_lit.types.verdicts import Verdict, VerdictClock

FinishReason = Literal["stop", "length"]


def check_sampling(called: str, values: Mapping[str, Any]) -> None:
    """Refuse what nothing can be drawn by. Whether a tokenizer knows the stops is found out by `rollout/stops.py`.

    Args:
        called: What a message calls it: `data.evaluation` gives `data.evaluation.n`.
        values: Settings of a `Sampling`; those that are missing are not looked at.

    Raises:
        InputError: With the first that cannot be, and what is allowed.
    """
    for name, is_right, allowed in (
        ("n", lambda n: n >= 1, "at least 1"),
        ("temperature", lambda t: t > 0, "above 0 (write a small value such as 0.01 for near-greedy)"),
        ("top_p", lambda p: 0 < p <= 1, "in (0, 1]; 1 switches it off"),
        ("top_k", lambda k: k >= 0, "0 or more; 0 switches it off"),
        ("min_p", lambda p: 0 <= p <= 1, "from 0 to 1; 0 switches it off"),
        ("max_tokens", lambda m: m >= 1, "at least 1"),
        ("stop_strings", _are_strings, r"a list of strings, none of them empty, such as ['\n']"),
        ("stop_token_ids", _are_ids, "a list of token ids, whole numbers from 0, such as [198]"),
    ):
        if name in values and not is_right(values[name]):
            given = list(values[name]) if isinstance(values[name], tuple) else values[name]
            raise InputError(f"{called}.{name} is {given!r}; allowed: {allowed}.")


def _are_strings(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(one, str) and one for one in given)


def _are_ids(given: Any) -> bool:
    return isinstance(given, list | tuple) and all(isinstance(one, int) and one >= 0 for one in given)


@dataclass(frozen=True)  # no slots: jsonargparse reads vars() of it
class Sampling:
    r"""How responses are drawn, and where they end.

    A response ends with an end token of the policy (`responses.end_tokens`), with one of `stop_token_ids`, or with the first
    token after which its text holds one of `stop_strings`; else after `max_tokens`. In each of the former cases it is finished,
    not truncated. All its tokens are kept and trained on, the one that ended it too: it was sampled, and a policy learns by it
    where to stop. The text that verifiers read ends before the stop string, or the token. Every engine does alike. A prompt
    may hold a stop string: only what is written counts.

    Args:
        n: Rollouts per prompt (the group size).
        temperature: Divides the logits; must be above 0.
        top_p: Keep the smallest set of tokens with this much probability; 1 keeps all.
        top_k: Keep this many most likely tokens; 0 keeps all.
        max_tokens: Longest response, stop token included.
        stop_strings: Texts that end a response, such as `["\n"]`; they may span tokens.
        stop_token_ids: Tokens that end one, beside those that the policy itself ends with.
        min_p: Keep tokens with at least this share of the likeliest one's probability (arXiv 2407.01082); 0 keeps all. It is
            applied behind the temperature, before `top_k` and `top_p`, as vLLM does.
    """

    n: int = 8
    temperature: float = 1.0
    top_p: float = 1.0
    top_k: int = 0
    max_tokens: int = 32
    stop_strings: tuple[str, ...] = ()
    stop_token_ids: tuple[int, ...] = ()
    min_p: float = 0.0

    def __post_init__(self) -> None:
        check_sampling("Sampling", vars(self))
        for name in ("stop_strings", "stop_token_ids"):
            object.__setattr__(self, name, tuple(getattr(self, name)))

    def __repr__(self) -> str:
        """All fields but empty stops and no min_p: checkpoints compare these words, and older ones know of neither."""
        newer = ("stop_strings", "stop_token_ids", "min_p")
        said = [item.name for item in fields(self) if item.name not in newer or getattr(self, item.name)]
        return f"Sampling({', '.join(f'{name}={getattr(self, name)!r}' for name in said)})"

    def at(self, step: int, temperature: Schedule | None) -> Sampling:
        """At a rollout step, where a schedule says what the temperature is."""
        return self if temperature is None else replace(self, temperature=temperature.at(step))

    def greedy(self) -> Sampling:
        """One response, of the likeliest token at each place (temperature 0); its ends are the same."""
        one = replace(self, n=1, top_p=1.0, top_k=0, min_p=0.0)
        object.__setattr__(one, "temperature", 0.0)  # which nobody may write: a group of it would be one response
        return one

    @property
    def filters(self) -> bool:
        """True if tokens are cut from the distribution, so that its log-probs are not the policy's."""
        return self.top_p < 1 or self.top_k > 0 or self.min_p > 0


@dataclass(slots=True)
class Rollout:
    """One sampled response to one prompt; filled in order, by the engine, then the verifier, then the shapers."""

    prompt: Prompt
    slot: int
    """Position of its group in the global batch of the rollout step (0 ... P-1), the same on any number of ranks."""
    token_ids: list[int]
    """Response tokens as sampled, including the one that ended it. These ids, never the text, are what is trained on."""
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
    clock: VerdictClock = field(default_factory=VerdictClock)
    """Of its verdicts."""
    drawn: int = 0
    """Groups generated on this rank, replaced ones included."""
    discarded: list[Rollout] = field(default_factory=list)
    """Rollouts of groups that the filter dropped and a later draw replaced."""
    greedy: list[Rollout] = field(default_factory=list)
    """A greedy response to each problem, verified, and not trained on, in its first slot; empty unless a part needs it."""
    groups_each: Mapping[int, int] = field(default_factory=dict)
    """Of problems that a curriculum gave several groups, which count as one: how many, by the slot of the first."""
    curriculum: dict[str, float] = field(default_factory=dict)
    """Metrics of the curriculum that drew the problems, the same on every rank; empty without one."""
    lag: int = 0
    """Rollout steps between the weights that wrote it and those that train on it."""
    figures: Mapping[str, tuple[float, float]] = field(default_factory=dict)
    """What the engine counted when it had written it; by then it may be at work on another."""
    experience: Experience | None = None
    scores: TokenScores | None = None
    """The policy's scores at the weights that sampled (no gradient)."""
    scored_B: Bool[Tensor, " B"] | None = None
    """Bool: the rollouts that `scores` are of; the others, filtered or undecided, hold zeros there."""

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

    @property
    def problems(self) -> list[list[Rollout]]:
        """The rollouts, one list per problem: `groups`, but where a curriculum gave a problem several."""
        return list(self._by_problem(self.rollouts))

    @property
    def asked(self) -> list[list[Rollout]]:
        """All that was asked, one list per problem: `problems`, then those whose rollouts were discarded."""
        return [*self.problems, *self._by_problem(self.discarded)]

    def _by_problem(self, rollouts: Sequence[Rollout]) -> Iterator[list[Rollout]]:
        start = 0
        while start < len(rollouts):
            end = start + self.sampling.n * self.groups_each.get(rollouts[start].slot, 1)
            yield list(rollouts[start:end])
            start = end
