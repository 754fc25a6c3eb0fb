"""What vLLM cannot do with a policy is found at its start and said in one line: build it, take weights anew, write with it.

Classes that it does not know, kernels that want another dtype or size of a head, weights that it keeps in another order than
it takes them in: nothing declares these, so they are tried. What only the mismatch guard finds is a small difference.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from textwrap import shorten
from typing import Any

import torch

from asym_lit.rollout.engine import Engine, EngineError, EngineHost, Request
from asym_lit.rollout.vllm_process import check_installation
from asym_lit.types import InputError, Prompt, Rollout, Sampling

TOKENS, SAMPLING = 8, Sampling(n=2, max_tokens=8)
"""Of the prompt that is tried, and what is asked for."""
TRIED = TOKENS + SAMPLING.max_tokens
"""Tokens of the longest row of the trial."""
OTHER_WEIGHTS = 0.5
"""Nats in the mean over tokens. Half precision and quantised engines make up to 0.1, experts in the wrong order make 1.6."""

LONGEST = 300
"""Characters of a reason: vLLM may list all weights of a class."""


@contextmanager
def refused_by_vllm(does_not: str, policy: str) -> Iterator[None]:
    """Whatever vLLM raises is an InputError in one line; what it logs meanwhile is held back, and goes into that line.

    Args:
        does_not: What fails, with a verb; the class of the policy follows.
        policy: Where it is.
    """
    logger, held = logging.getLogger("vllm"), _Held()
    logger.handlers, handlers = [held], logger.handlers
    try:
        yield
    except InputError:
        raise
    except Exception as fault:
        what = f"vLLM {check_installation()} {does_not} a {_class_of(policy)}: {_reason(fault, held.records)}."
        raise InputError(f"{what} Change what that names under data.engine, or write HFEngine there.") from fault
    finally:
        logger.handlers = handlers
    for record in held.records:
        logger.handle(record)


class _Held(logging.Handler):
    """Keeps what is logged."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.records.append(record)


def _class_of(policy: str) -> str:
    from transformers import AutoConfig

    config = AutoConfig.from_pretrained(policy)
    return str((config.architectures or [config.model_type])[0])


def _reason(fault: BaseException, records: Sequence[logging.LogRecord]) -> str:
    """The fault behind the fault: vLLM logs why it cannot read a class, and raises that the reason is in the log."""
    logged = [record.exc_info[1] for record in records if record.exc_info and record.exc_info[1]]
    if logged:
        return _words(logged[-1])
    return _words(fault.__cause__ if isinstance(fault, EngineError) and fault.__cause__ else fault)


def _words(fault: BaseException) -> str:
    """Its name and what it says, in one line; of a traceback from another process the last line, which has both."""
    lines = [line.strip() for line in str(fault).splitlines() if line.strip()] or ["no words"]
    if any(line.startswith("Traceback") for line in lines):
        return lines[-1].rstrip(".")
    if hasattr(fault, "errors"):  # of pydantic, whose text is a report over several lines
        lines = [str(fault.errors()[0]["msg"])]
    return f"{type(fault).__name__}: {shorten(lines[0], LONGEST)}".rstrip(".")


def try_writing(engine: Engine, host: EngineHost) -> None:
    """Have an engine write a few tokens with the weights it was sent.

    Raises:
        InputError: If it cannot, or writes with others.
    """
    request = _request(host)
    with refused_by_vllm("does not write with", host.policy):
        groups = list(engine.generate([request], SAMPLING))
    engine.forget()
    if host.live_model is not None and (off := _nats_off(groups, host, host.live_model)) > OTHER_WEIGHTS:
        raise InputError(
            f"vLLM {check_installation()} does not take weights anew for a {type(host.live_model).__name__}: its log-probs of "
            f"{_count(groups)} tokens are off by {off:.2g} nats in the mean. Write HFEngine under data.engine."
        )


def try_server(engine: Engine, host: EngineHost, url: str) -> None:
    """Have a server write a few tokens with the weights it was sent. It keeps its prefixes: others may be asking it, too.

    Where the policy is sharded only the mismatch guard can compare.

    Raises:
        InputError: If it writes with others.
    """
    if host.live_model is None:
        return
    groups = list(engine.generate([_request(host)], SAMPLING))
    if (off := _nats_off(groups, host, host.live_model)) > OTHER_WEIGHTS:
        raise InputError(
            f"{url} does not write with the weights it was sent: its log-probs of {_count(groups)} tokens are off by "
            f"{off:.2g} nats in the mean from a {type(host.live_model).__name__}'s own. See that it serves this policy, "
            "unquantised, that it reads the files under data.engine.directory, and that no other trainer sends it weights; "
            "or write HFEngine under data.engine."
        )


def _request(host: EngineHost) -> Request:
    from transformers import AutoConfig

    vocabulary = int(AutoConfig.from_pretrained(host.policy).get_text_config(decoder=True).vocab_size)
    ids = tuple((7 * place + 5) % vocabulary for place in range(TOKENS))
    return Request(Prompt("trial", "", {}, "trial", ids), 0, 0)


def _count(groups: Sequence[Sequence[Rollout]]) -> int:
    return sum(len(rollout.token_ids) for group in groups for rollout in group)


@torch.no_grad()
def _nats_off(groups: Sequence[Sequence[Rollout]], host: EngineHost, model: Any) -> float:
    """How far log-probs are from the policy's own, in the mean over tokens."""
    gaps: list[float] = []
    for rollout in (rollout for group in groups for rollout in group):
        prompt, ids = list(rollout.prompt.token_ids), list(rollout.token_ids)
        read = torch.tensor([[*prompt, *ids]], device=host.device)
        logits_TV = model(input_ids=read, use_cache=False).logits[0, len(prompt) - 1 : -1].float()
        logits_TV[:, sorted(host.tokenless_ids)] = -torch.inf
        ours_T = logits_TV.log_softmax(-1)[torch.arange(len(ids)), ids].cpu()
        gaps += (ours_T - torch.tensor(rollout.logprobs)).abs().nan_to_num(torch.inf).tolist()
    return sum(gaps) / len(gaps)
