"""What vLLM is asked, and what it answered, in our nouns. How it is reached is in the engines."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import torch.distributed as dist

from asym_lit.rollout.engine import EngineError, EngineHost, Request
from asym_lit.rollout.stops import ended_at_stop
from asym_lit.types import Rollout, Sampling

SEED_BITS = 62
"""vLLM adds the index of the sample to the seed, in signed 64 bits."""

NEUTRAL = {"repetition_penalty": 1.0, "presence_penalty": 0.0, "frequency_penalty": 0.0}
"""Said, for a server fills in what the policy's `generation_config.json` has (Qwen2.5: a repetition penalty of 1.05)."""

NEVER = -100.0
"""vLLM cuts what is added to a logit at -100 and 100; e^-100 is 0 beside any token in fp32."""


def forbidden(host: EngineHost) -> dict[int, float] | None:
    """vLLM's `logit_bias` by which ids without a token are never sampled; None if all have one.

    Not its `allowed_token_ids`: a vocabulary of 150,000 would travel with each request, where 300 lack a token.
    """
    return dict.fromkeys(sorted(host.tokenless_ids), NEVER) or None


def parameters(request: Request, sampling: Sampling, host: EngineHost) -> Any:
    """vLLM's `SamplingParams` for a group: log-probs of the sampled tokens alone, text only to find stop strings in."""
    from vllm import SamplingParams
    from vllm.sampling_params import RequestOutputKind

    return SamplingParams(
        n=sampling.n,
        temperature=sampling.temperature,
        top_p=sampling.top_p,
        top_k=sampling.top_k,
        min_p=sampling.min_p,
        max_tokens=sampling.max_tokens,
        seed=request.seed % 2**SEED_BITS,
        stop_token_ids=host.ends(sampling),
        stop=list(sampling.stop_strings),
        detokenize=bool(sampling.stop_strings),
        skip_special_tokens=False,  # a stop string may hold one
        logit_bias=forbidden(host),
        logprobs=0,
        flat_logprobs=True,
        output_kind=RequestOutputKind.FINAL_ONLY,
    )


def completion(served: str, request: Request, sampling: Sampling, host: EngineHost) -> dict[str, Any]:
    """The same for a server: the body of `/v1/completions`, by token ids.

    Args:
        served: What it calls the policy.
        request: The group that is wanted.
        sampling: How it is drawn.
        host: Knows the tokens that end a response, and those that are never sampled.
    """
    return {
        "model": served,
        "prompt": list(request.prompt.token_ids),
        "n": sampling.n,
        "temperature": sampling.temperature,
        "top_p": sampling.top_p,
        "top_k": sampling.top_k or -1,
        "min_p": sampling.min_p,
        "max_tokens": sampling.max_tokens,
        "seed": request.seed % 2**SEED_BITS,
        "stop_token_ids": host.ends(sampling),
        "stop": list(sampling.stop_strings),
        "skip_special_tokens": False,  # a stop string may hold one
        "logit_bias": forbidden(host),
        **NEUTRAL,
        "logprobs": 0,
        "return_token_ids": True,
    }


def choices(answer: Mapping[str, Any], count: int, url: str) -> list[dict[str, Any]]:
    """The responses in a server's answer, in order.

    Raises:
        EngineError: If they are not as many, neither stopped nor at their length, or without ids and a log-prob for each.
    """
    found: list[dict[str, Any]] = sorted(answer.get("choices", []), key=lambda choice: choice["index"])
    ends = {choice["finish_reason"] for choice in found}
    if len(found) != count or not ends <= {"stop", "length"}:
        raise EngineError(f"{url} gave {len(found)} of {count} responses, ended by {ends}.")
    for choice in found:
        if choice["token_ids"] is None or len(choice["token_ids"]) != len(choice["logprobs"]["token_logprobs"]):
            raise EngineError(f"{url} returned no token ids, or not one log-prob for each.")
    return found


def group_of(
    request: Request, found: Sequence[Mapping[str, Any]], version: int, sampling: Sampling, host: EngineHost
) -> list[Rollout]:
    """The group of a request from the responses that `choices` found."""
    group = []
    for choice in found:
        ids, logprobs = choice["token_ids"], choice["logprobs"]["token_logprobs"]
        made = Rollout(request.prompt, request.slot, ids, logprobs, choice["finish_reason"], version)
        group.append(ended_at_stop(made, host.tokenizer, sampling.stop_strings))
    return group


def rollouts(request: Request, output: Any, version: int, sampling: Sampling, host: EngineHost) -> list[Rollout]:
    """The group of a finished request, samples in order.

    Raises:
        EngineError: If a response neither stopped nor reached its length.
    """
    group = []
    for written in sorted(output.outputs, key=lambda written: written.index):
        if written.finish_reason not in ("stop", "length"):
            raise EngineError(f"vLLM ended a response to {request.prompt.uid!r} with {written.finish_reason!r}.")
        ids, logprobs = list(written.token_ids), list(written.logprobs.logprobs)
        assert len(ids) == len(logprobs)
        made = Rollout(request.prompt, request.slot, ids, logprobs, written.finish_reason, version)
        group.append(ended_at_stop(made, host.tokenizer, sampling.stop_strings))
    return group


def requests_of_group(requests: Sequence[Request], ranks: int) -> tuple[range, list[Request]]:
    """The requests of all ranks that share an engine, the same list on each, and where this rank's stand.

    Args:
        requests: Of this rank.
        ranks: That share the engine; a collective of these if there are several.
    """
    if ranks == 1:
        return range(len(requests)), list(requests)
    from vllm.distributed.parallel_state import get_tp_group

    gathered: list[list[Request]] = [[] for _ in range(ranks)]
    dist.all_gather_object(gathered, list(requests), group=get_tp_group().cpu_group)
    start = sum(len(part) for part in gathered[: get_tp_group().rank_in_group])
    return range(start, start + len(requests)), [request for part in gathered for request in part]
