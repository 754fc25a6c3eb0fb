"""Policies with random weights in the shapes of Qwen2.5, rollouts of random tokens, and what a part of the check is given."""

from __future__ import annotations

import gc
from collections.abc import Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import perf_counter
from typing import Any

import torch

from asym_lit.objectives.aggregations import GlobalCounts
from asym_lit.objectives.objective import Objective
from asym_lit.policy.sharing_trial import try_sharing
from asym_lit.policy.token_scores import TokenScorer
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.rollout.microbatches import MicroBatch, experience_of, make_micro_batch
from asym_lit.rollout.packing import pack_shared
from asym_lit.types import Needs, Outcome, Prompt, Rollout, Sampling, TokenScores, Verdict

END, PAD = 1, 0


@dataclass(frozen=True)
class Shape:
    """Of a Qwen2.5; head and embedding are one."""

    hidden: int
    layers: int
    heads: int
    kv_heads: int
    intermediate: int
    vocabulary: int = 151_936


SHAPES = {
    "0.5B": Shape(896, 24, 14, 2, 4864),
    "1.5B": Shape(1536, 28, 12, 2, 8960),
    "four layers": Shape(896, 4, 14, 2, 4864),
    "tiny": Shape(64, 2, 4, 2, 128, 512),
}


class SkippedError(Exception):
    """What a part needs is not installed here; it says what."""


@dataclass(frozen=True)
class Place:
    """Where the check runs."""

    device: torch.device
    small: bool

    @property
    def shape(self) -> str:
        """Of the policy that paths are tried on."""
        return "tiny" if self.small else "four layers"

    @property
    def is_gpu(self) -> bool:
        """Not so where `--small` runs on a CPU."""
        return self.device.type == "cuda"

    def wait(self) -> None:
        """Until the GPU has done what it was given."""
        if self.is_gpu:
            torch.cuda.synchronize()

    @contextmanager
    def timed(self, seconds: dict[str, float], stage: str) -> Any:
        """Adds the seconds of a stage, work on the GPU included."""
        self.wait()
        start = perf_counter()
        yield
        self.wait()
        seconds[stage] = seconds.get(stage, 0.0) + perf_counter() - start

    def forget_peak(self) -> None:
        """The peak of memory starts anew."""
        gc.collect()
        if self.is_gpu:
            torch.cuda.empty_cache()
            torch.cuda.reset_peak_memory_stats()

    def peak(self) -> int:
        """Bytes that tensors took at most since; 0 on a CPU, where nobody counts them."""
        return torch.cuda.max_memory_allocated() if self.is_gpu else 0


def config_of(shape: Shape) -> Any:
    """The configuration of a policy."""
    from transformers import Qwen2Config

    sizes = {"hidden_size": shape.hidden, "num_hidden_layers": shape.layers, "intermediate_size": shape.intermediate}
    sizes |= {"num_attention_heads": shape.heads, "num_key_value_heads": shape.kv_heads, "vocab_size": shape.vocabulary}
    return Qwen2Config(**sizes, tie_word_embeddings=True, bos_token_id=None, eos_token_id=END, pad_token_id=PAD)


def policy(shape: str, dtype: torch.dtype, device: torch.device, seed: int = 0) -> Any:
    """A policy whose weights are random, and the same for a seed on one kind of device."""
    from transformers import Qwen2ForCausalLM

    torch.manual_seed(seed)
    with device:
        model = Qwen2ForCausalLM(config_of(SHAPES[shape]))
    return model.to(device=device, dtype=dtype).eval()


def scorer_of(model: Any, share: bool = True) -> TokenScorer:
    """Its scorer, which reads prompts once for their groups, or it is an error."""
    scorer = TokenScorer(model)
    if share:
        try_sharing(scorer)
        assert scorer.shares_prompts, f"prompts are not shared: {scorer.why_not_shared}"
    return scorer


def write_policy(model: Any, folder: Path) -> Any:
    """A directory of Hugging Face's with the policy and a tokenizer of as many words; returns the tokenizer."""
    from tokenizers import Tokenizer, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast

    words = ["<pad>", "<eos>", *(f"w{n}" for n in range(model.config.vocab_size - 2))]
    table = Tokenizer(models.WordLevel({word: i for i, word in enumerate(words)}, unk_token="<pad>"))
    table.pre_tokenizer = pre_tokenizers.WhitespaceSplit()
    tokenizer = PreTrainedTokenizerFast(tokenizer_object=table, pad_token="<pad>", eos_token="<eos>")
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return tokenizer


def prompts_of(number: int, tokens: int, vocabulary: int, seed: int = 0) -> list[Prompt]:
    """Prompts of random tokens, all of one length."""
    ids = torch.randint(2, vocabulary, (number, tokens), generator=torch.Generator().manual_seed(seed)).tolist()
    return [Prompt(f"{seed}/{i}", "", {}, "random", tuple(row)) for i, row in enumerate(ids)]


def requests_of(prompts: Sequence[Prompt]) -> list[Request]:
    """A request each, with seeds of their own."""
    return [Request(prompt, slot, 1000 + slot) for slot, prompt in enumerate(prompts)]


def rollouts_of(prompts: Sequence[Prompt], group: int, tokens: int, vocabulary: int, ragged: bool = False) -> list[Rollout]:
    """Responses of random tokens, every second one of them right; of one length, or of several."""
    generator = torch.Generator().manual_seed(7)
    found = []
    for slot, prompt in enumerate(prompts):
        for place in range(group):
            length = tokens - (3 * (place + slot)) % (tokens // 2) if ragged else tokens
            ids = torch.randint(2, vocabulary, (length,), generator=generator).tolist()
            outcome = Outcome.CORRECT if place % 2 else Outcome.INCORRECT
            verdict = Verdict(outcome, "made up", "", "")
            found.append(Rollout(prompt, slot, ids, [-6.0] * length, "length", 0, verdict=verdict, reward=float(place % 2)))
    return found


def host_of(model: Any, live: bool = True, load: Any = None) -> EngineHost:
    """What an engine must know of the policy."""
    weight = model.get_input_embeddings().weight
    return EngineHost("", model if live else None, weight.device, weight.dtype, frozenset({END}), PAD, load=load)


def sampling(group: int, tokens: int) -> Sampling:
    """Plain sampling."""
    return Sampling(n=group, max_tokens=tokens)


@dataclass
class Learner:
    """One mini-batch of rollouts under an objective, as `docs/one_page.py` has it."""

    scorer: Any
    objective: Objective
    rollouts: Sequence[Rollout]
    group: int
    budget: int
    device: torch.device

    def __post_init__(self) -> None:
        experience = experience_of(self.rollouts, self.group, self.device)
        lengths = [len(rollout.token_ids) for rollout in self.rollouts]
        self.counts = GlobalCounts(sum(lengths), len(lengths))
        packed = pack_shared(self.rollouts, list(range(len(lengths))), self.budget)
        self.parts = [make_micro_batch(rows, self.rollouts, experience, share_prompts=True) for rows in packed]
        self.experience = experience

    @torch.no_grad()
    def score(self, reference: Any = None) -> None:
        """Old log-probs, in the very micro-batches of the update; those of a reference."""
        whole = self.experience
        whole.old_logprobs_BT = torch.zeros_like(whole.mask_BT)
        whole.reference_logprobs_BT = None if reference is None else torch.zeros_like(whole.mask_BT)
        for part in self.parts:
            part.experience.old_logprobs_BT = old_BT = self.scores(part, Needs()).logprobs_BT
            whole.old_logprobs_BT[part.rows, : old_BT.shape[1]] = old_BT
            if reference is not None and whole.reference_logprobs_BT is not None:
                part.experience.reference_logprobs_BT = first_BT = self.scores(part, Needs(), reference).logprobs_BT
                whole.reference_logprobs_BT[part.rows, : first_BT.shape[1]] = first_BT

    def estimate(self) -> None:
        """Advantages of whole groups, handed out."""
        advantages_BT = self.objective.estimate(self.experience)
        for part in self.parts:
            part.experience.advantages_BT = advantages_BT[part.rows, : part.experience.mask_BT.shape[1]]

    def accumulate(self) -> float:
        """Gradients; returns the loss."""
        total = 0.0
        for part in self.parts:
            scores = self.scores(part, self.objective.update_needs)
            loss = self.objective.loss(scores, part.experience, self.counts).loss
            loss.backward()
            total += float(loss.detach())
        return total

    def scores(self, part: MicroBatch, needs: Needs, scorer: Any = None) -> TokenScores:
        """Of a micro-batch."""
        found: TokenScores = (scorer or self.scorer)(part.tokens, part.experience.mask_BT, 1.0, needs)
        return found


def norm_of(parameters: Any) -> float:
    """Of all gradients."""
    squares = [p.grad.double().square().sum() for p in parameters if p.grad is not None]
    return float(torch.stack(squares).sum().sqrt()) if squares else 0.0


def close(called: str, one: float, other: float, relative: float) -> None:
    """Two numbers are the same but for rounding.

    Raises:
        AssertionError: With both.
    """
    assert abs(one - other) <= relative * max(abs(one), abs(other), 1e-9), f"{called}: {one:.6g} against {other:.6g}"
