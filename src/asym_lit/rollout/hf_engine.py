"""The embedded engine: its own sampling loop over a Hugging Face model. No server, no second copy where none is needed.

Each prompt is read once and its cache expanded to the group; finished rows leave the batch. Every response has its own
random numbers, so it does not depend on what else is generated with it. Where padding would leave its trace in the state
of a policy (recurrent and hybrid ones), only prompts of one length share a batch.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import replace
from typing import Any, Literal

import torch
from torch import Tensor

from asym_lit.processes.heap import give_back
from asym_lit.rollout.cache_trial import try_caches
from asym_lit.rollout.decoding import CacheUse, DecodingLoop, Rows, uniforms
from asym_lit.rollout.engine import Engine, EngineHost, Request, rounding_remarks
from asym_lit.rollout.sampling import draw, sampling_logprobs
from asym_lit.rollout.stops import StopFinder
from asym_lit.types import InputError, PolicyModel, Rollout, Sampling


class HFEngine(Engine):
    """Samples with plain transformers, on any device.

    It shares the weights of the policy in training where that is whole on the device (single device, DDP), and keeps a
    replica of its own where it is sharded (FSDP2) or another dtype is wanted.

    Args:
        max_batch_tokens: Most tokens, prompts and full-length responses, generated at once; bounds the cache.
        dtype: Of the replica's weights and of its cache; None for that of the policy's. A whole policy's adapters stay apart
            in the replica, so that their small updates are not rounded away in the weights they are added to.
    """

    def __init__(self, max_batch_tokens: int = 65536, dtype: Literal["float32", "bfloat16", "float16"] | None = None) -> None:
        if max_batch_tokens < 1:
            raise InputError(f"max_batch_tokens is {max_batch_tokens}; allowed: 1 or more.")
        self.max_batch_tokens, self.dtype = max_batch_tokens, dtype
        self.version = -1
        self._model: PolicyModel | None = None
        self._host: EngineHost | None = None
        self._use = CacheUse()

    def check(self) -> None:
        """It runs wherever the policy does."""

    def start(self, host: EngineHost) -> None:
        """Share the live policy, or load a replica of it, and try how it can be generated with.

        Raises:
            InputError: If its class can not be generated with.
        """
        live, trained = host.live_model, host.dtype
        self._host = host if self.dtype is None else replace(host, dtype=getattr(torch, self.dtype))
        self._model = live if live is not None and self.dtype is None else self._replica(self._host)
        with self._evaluating():
            self._use = try_caches(self._model, self._host)
        # Adapters beside frozen weights start from 0 and lose nothing to the size of what they are added to.
        apart = live is not None and not all(weight.requires_grad for weight in live.parameters())
        if self.dtype is not None:
            self.weight_dtype = None if apart else self.dtype
        kind = type(self._model).__name__
        padding = f"HFEngine: padding is not hidden from a {kind}, so only prompts of one length share a batch."
        self.remarks = rounding_remarks("HFEngine", trained, self.weight_dtype) + (() if self._use.pads else (padding,))

    def _replica(self, host: EngineHost) -> PolicyModel:
        """The policy once more, with weights of the engine's dtype; tables that are no weights (rotary ones) keep theirs."""
        if host.live_model is None and host.load is None:
            raise RuntimeError("The engine's host offers neither a live model nor a way to load one; give it EngineHost.load.")
        replica: Any = deepcopy(host.live_model) if host.live_model is not None else host.load()  # type: ignore[misc]
        for weight in replica.parameters():
            weight.data = weight.data.to(device=host.device, dtype=host.dtype)
        return replica.to(host.device).requires_grad_(False)  # type: ignore[no-any-return]

    @contextmanager
    def _evaluating(self) -> Iterator[None]:
        """The model's evaluation mode, and its mode of before afterwards."""
        assert self._model is not None
        model, was_training = self._model, self._model.training
        model.eval()
        try:
            yield
        finally:
            model.train(was_training)

    def sync(self, named_weights: Iterable[tuple[str, Tensor]], version: int) -> None:
        """Copy the weights into the replica, if there is one; shared weights are up to date already."""
        assert self._host is not None and self._model is not None
        live = self._host.live_model
        if self._model is not live:
            own = self._model.state_dict()
            if live is not None:  # adapters stay apart
                named_weights = live.state_dict().items()
            missing = set(own)
            for name, value in named_weights:
                if name not in own:
                    raise RuntimeError(f"The weight sync sent {name!r}, which the engine's model does not have.")
                own[name].copy_(value)
                missing.discard(name)
            if missing:
                raise RuntimeError(f"The weight sync left out {sorted(missing)[:3]}; every weight must be sent.")
        self.version = version

    def forget(self) -> None:
        """Nothing to drop: caches live only while generating."""

    def sleep(self) -> None:
        """Nothing to give back: caches live only while generating."""

    def wake(self) -> None:
        """Nothing to take."""

    def close(self) -> None:
        """Let go of the model."""
        self._model = self._host = None

    def generate(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """One group per request, in order; several groups are generated at once, within the token budget."""
        order = list(range(len(requests)))
        if not self._use.pads:
            order.sort(key=lambda place: len(requests[place].prompt.token_ids))
        finished: dict[int, list[Rollout]] = {}
        following = 0
        with self._evaluating():
            for place, group in zip(order, self._groups([requests[i] for i in order], sampling), strict=True):
                finished[place] = group
                while following in finished:
                    yield finished.pop(following)
                    following += 1

    def _groups(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[list[Rollout]]:
        """The groups in the order in which they are generated."""
        waiting: list[Rollout] = []
        for rows in self._row_batches(requests, sampling):
            waiting += self._generate_rows(rows, sampling)
            while len(waiting) >= sampling.n:
                yield waiting[: sampling.n]
                waiting = waiting[sampling.n :]

    def _row_batches(self, requests: Sequence[Request], sampling: Sampling) -> Iterator[Rows]:
        """Rows (request, sample index) in order, cut so that rows x longest sequence fits the budget.

        Where the policy bears no padding they are cut between prompts of different length, too.
        """
        batch: Rows = []
        longest = 0
        for request in requests:
            length = len(request.prompt.token_ids) + sampling.max_tokens
            if batch and not self._use.pads and length != longest:
                yield batch
                batch = []
            longest_with = max(longest, length) if self._use.pads else length
            for sample in range(sampling.n):
                if batch and (len(batch) + 1) * longest_with > self.max_batch_tokens:
                    yield batch
                    batch, longest_with = [], length
                batch.append((request, sample))
            longest = longest_with
        if batch:
            yield batch

    @torch.no_grad()
    def _generate_rows(self, rows: Rows, sampling: Sampling) -> list[Rollout]:
        assert self._host is not None
        give_back()
        device = self._host.device
        loop = DecodingLoop(self._model, self._host, rows, self._use)
        uniform_RT = uniforms(rows, sampling).to(device)
        tokens_RT = torch.full((len(rows), sampling.max_tokens), self._host.pad_token_id, device=device)
        logprobs_RT = torch.zeros(len(rows), sampling.max_tokens, device=device)
        length_R = torch.full((len(rows),), sampling.max_tokens, device=device)
        stopped_R = torch.zeros(len(rows), dtype=torch.bool, device=device)
        stop_ids = torch.tensor(self._host.ends(sampling), device=device)
        finder = StopFinder(self._host.tokenizer, sampling.stop_strings) if sampling.stop_strings else None
        tokenless_ids = torch.tensor(sorted(self._host.tokenless_ids), dtype=torch.long, device=device)
        for step in range(sampling.max_tokens):
            alive = loop.alive_R
            logits_BV = loop.logits_BV.index_fill(-1, tokenless_ids, -torch.inf) if len(tokenless_ids) else loop.logits_BV
            logprobs_BV = sampling_logprobs(logits_BV, sampling)
            next_B = draw(logprobs_BV, uniform_RT[alive, step])
            tokens_RT[alive, step] = next_B
            logprobs_RT[alive, step] = logprobs_BV.gather(-1, next_B[:, None]).squeeze(-1).float()
            going_B = ~stopped_R[alive]
            newly_B = torch.isin(next_B, stop_ids) & going_B
            if finder is not None:
                prompts = [rows[row][0].prompt.token_ids for row in alive.tolist()]
                newly_B |= finder.completed(next_B, going_B & ~newly_B, tokens_RT[alive, : step + 1], prompts)
            length_R[alive[newly_B]] = step + 1
            stopped_R[alive[newly_B]] = True
            if step + 1 == sampling.max_tokens or bool(stopped_R.all()):
                break
            loop.advance(next_B, stopped_R)
        return self._rollouts(rows, tokens_RT.tolist(), logprobs_RT.tolist(), length_R.tolist(), stopped_R.tolist())

    def _rollouts(self, rows: Any, tokens: Any, logprobs: Any, lengths: Any, stopped: Any) -> list[Rollout]:
        return [
            Rollout(
                request.prompt,
                request.slot,
                tokens[row][: lengths[row]],
                logprobs[row][: lengths[row]],
                "stop" if stopped[row] else "length",
                self.version,
            )
            for row, (request, _) in enumerate(rows)
        ]
