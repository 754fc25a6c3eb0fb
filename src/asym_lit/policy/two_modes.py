"""Two modes: a policy must score the same tokens alike in train mode and in eval mode. Nothing of it is changed here."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, cast

import torch
from torch import Tensor, nn

from asym_lit.policy.draws import Draws, End, generators_restored, other_generators
from asym_lit.shapes import Float
from asym_lit.types import InputError

if TYPE_CHECKING:
    from transformers import PreTrainedModel

ROWS, TOKENS = 2, 8
"""Looked at: few, for a policy is tried on the CPU; two rows, for statistics over a batch of one are refused by torch."""
ROUNDING, HALF_ROUNDING = 1e-5, 0.05
"""Gaps in nats that another order of the same sums can give, in fp32 and in 16 bits."""


ENDS: tuple[End | None, ...] = (None, "lowest", "highest")


class Event(NamedTuple):
    """What happens in a pass: a module begins or ends, or unbounded random numbers are drawn."""

    kind: Literal["begins", "ends", "draws"]
    name: str
    """Of the module and its class, or of the operation that draws."""
    tensors: list[Tensor]
    """Its inputs or outputs, copied."""


class Pass(NamedTuple):
    """A forward pass over the same few tokens."""

    logprobs_BSV: Float[Tensor, "B S V"]
    draws: bool
    """True if random numbers were drawn, of torch, Python or NumPy."""
    events: list[Event]
    """In order; none unless asked for."""


@torch.no_grad()
def score(model: PreTrainedModel, training: bool = False, end: End | None = None, watch: bool = False) -> Pass:
    """Score a few tokens.

    Args:
        model: Any causal language model; its mode is left as it was.
        training: The mode to score in.
        end: Where bounded random draws are put; None to leave them as they are.
        watch: Write down events.

    Raises:
        InputError: If it cannot score them.
    """
    embeddings = cast(nn.Embedding, model.get_input_embeddings()).weight
    ids_BS = (torch.arange(ROWS * TOKENS, device=embeddings.device).reshape(ROWS, TOKENS) * 7 + 3) % len(embeddings)
    events: list[Event] = []
    others = other_generators()
    with ExitStack() as stack:
        stack.enter_context(in_mode(model, training))
        if watch:
            stack.enter_context(_watched(model, events))
        draws = stack.enter_context(Draws(end, lambda name: events.append(Event("draws", name, []))))
        try:
            logits_BSV = model(input_ids=ids_BS, use_cache=False).logits
        except Exception as fault:
            raise InputError(
                f"The policy, a {type(model).__name__}, cannot score {ROWS} rows of {TOKENS} tokens: {type(fault).__name__}: "
                f"{next(iter(str(fault).strip().splitlines()), 'no words')} Allowed: causal language models of transformers "
                "that answer model(input_ids=..., use_cache=False) with logits."
            ) from fault
    logprobs_BSV = (logits_BSV if logits_BSV.dtype == torch.float64 else logits_BSV.float()).log_softmax(-1)
    return Pass(logprobs_BSV, draws.seen or other_generators() != others, events)


def gap(one: Pass, other: Pass) -> float:
    """Largest difference of two passes' log-probs in nats; infinite where only one of them is a number."""
    ours, theirs = one.logprobs_BSV, other.logprobs_BSV
    apart_BSV = (ours - theirs).abs().nan_to_num(torch.inf)
    return float(apart_BSV.masked_fill((ours == theirs) | (ours.isnan() & theirs.isnan()), 0.0).max())


def rounding(model: PreTrainedModel) -> float:
    """Gap up to which passes without random draws count as the same."""
    return ROUNDING if model.dtype in (torch.float32, torch.float64) else HALF_ROUNDING


def check_modes(model: PreTrainedModel, hint: str = "") -> None:
    """Refuse a policy whose scores in train mode are not those in eval mode, or change from pass to pass.

    Engines write in eval mode. What a policy does in train mode alone they never did, and the importance ratio of an
    unchanged policy would differ from 1. Where nothing is drawn, one pass in each mode tells; otherwise three, with draws
    as they come and at both ends of their range.

    Args:
        model: The policy; global generators and modes are left as they were.
        hint: Said in an error.

    Raises:
        InputError: With the module in which the difference arises.
    """
    with generators_restored():
        calm, training = score(model), score(model, training=True)
        if gap(calm, training) == 0 and not calm.draws and not training.draws:
            return
        calm = score(model, watch=True)
        for is_training, words in ((False, "from pass to pass"), (True, "between train mode and eval mode")):
            for end in ENDS:
                other = score(model, is_training, end, watch=True)
                apart = gap(calm, other)
                drawn = [event.name for event in other.events if event.kind == "draws"]
                drawn_before = [event.name for event in calm.events if event.kind == "draws"]
                if apart > rounding(model) or (apart > 0 and other.draws) or drawn != drawn_before:
                    found = f"The policy's log-probs differ {words} by up to {apart:.2g} nats"
                    if apart == 0:
                        found = f"The policy draws other random numbers {words} (these log-probs did not move)"
                    raise InputError(
                        f"{found}, of the same tokens with the same weights; it begins in "
                        f"{first_difference(calm.events, other.events)}. Engines write in eval mode, so "
                        f"it would be trained on noise.{hint} Allowed: policies that score alike in both modes."
                    )


def first_difference(calm: list[Event], other: list[Event]) -> str:
    """The innermost module in which one pass first departs from another, in words."""
    inside = ["no module"]
    for ours, theirs in zip(calm, other, strict=False):
        if theirs.kind == "draws" and ours.kind != "draws":
            return f"{inside[-1]}, which draws random numbers ({theirs.name})"
        if ours[:2] != theirs[:2]:
            break
        alike = len(ours.tensors) == len(theirs.tensors) and all(map(_same, ours.tensors, theirs.tensors))
        if ours.kind == "begins":
            if not alike:
                break
            inside.append(ours.name)
        elif ours.kind == "ends":
            if not alike:
                break
            inside.pop()
    return inside[-1]


def _same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool(((one == other) | (one.isnan() & other.isnan())).all())


@contextmanager
def in_mode(model: nn.Module, training: bool) -> Iterator[None]:
    """A model in one mode, then every module of it in its own again."""
    before = [(module, module.training) for module in model.modules()]
    model.train(training)
    try:
        yield
    finally:
        for module, was_training in before:
            module.training = was_training


@contextmanager
def _watched(model: nn.Module, events: list[Event]) -> Iterator[None]:
    """Every module's inputs and outputs are written down as it begins and ends."""
    handles = []
    for path, module in model.named_modules():
        name = f"{path or 'the policy itself'} ({type(module).__name__})"

        def begins(_module: Any, args: Any, kwargs: Any, name: str = name) -> None:
            events.append(Event("begins", name, _copies((args, kwargs))))

        def ends(_module: Any, _args: Any, output: Any, name: str = name) -> None:
            events.append(Event("ends", name, _copies(output)))

        handles += [module.register_forward_pre_hook(begins, with_kwargs=True), module.register_forward_hook(ends)]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


def _copies(value: Any) -> list[Tensor]:
    """The tensors in nested arguments; copies, for some modules write into their inputs."""
    if isinstance(value, Tensor):
        return [value.detach().clone()]
    inner = value.values() if isinstance(value, dict) else value if isinstance(value, tuple | list) else ()
    return [tensor for part in inner for tensor in _copies(part)]
