"""What may be done with a model's cache is tried on the model itself, with a few tokens, before it writes anything.

Classes differ in ways that nothing declares: rows that cannot be taken out, states in which padding leaves its trace,
states that are kept outside of the cache. Each way of generating is tried, the quickest one first, against plain
forward passes without cache and padding; the first that gives the same logits is taken.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from asym_lit.model_caches import arguments_of, cache_argument, may_be_padded
from asym_lit.rollout.decoding import CacheUse, DecodingLoop, Rows
from asym_lit.rollout.engine import EngineHost, Request
from asym_lit.shapes import Float
from asym_lit.types import InputError, Prompt

TOLERANCE, TOLERANCE_TF32, TOLERANCE_HALF = 5e-4, 1e-2, 0.3
"""Largest difference of logits, root mean square over the vocabulary, as a share of their spread.

Rounding makes 1e-6 of it in fp32, 1e-4 where layers are run many times, 1e-3 with TF32, 1e-2 in bf16, 0.1 there where a
token changes its experts. Padding that is not hidden makes 0.1 and more, with random weights as with trained ones; a step
that is computed in another way with the cache than without (Zamba2's) makes 1e-3."""
FAULTS = (AttributeError, IndexError, KeyError, NotImplementedError, RuntimeError, TypeError, ValueError)
"""What a class raises that is used as it cannot be."""
SELECT = ("batch_select_indices", "reorder_cache")
LENGTHS = (3, 6)
"""Of prompts; more where the policy reads its tokens through a window or in chunks of a few, so that these are left."""
WINDOW = re.compile(r"window|attention_chunk")
LONGEST_WINDOW = 128
"""A run may never leave a longer one, and the trial of it takes a second and more."""
WRITTEN = 3
"""Tokens that are fed after each prompt."""


@torch.no_grad()
def try_caches(model: Any, host: EngineHost) -> CacheUse:
    """The quickest way to generate with a model that gives its own logits.

    Args:
        model: In evaluation mode.
        host: Knows its device.

    Raises:
        InputError: If there is none.
    """
    kind = type(model).__name__
    argument = cache_argument(model)
    if argument is None:
        raise _refused(kind, "its forward pass takes no cache under a name that is known")
    try:
        ways = list(_ways(model, host, argument))
    except FAULTS as found:
        raise _refused(kind, f"a forward pass fails with {_words(found)}") from found
    fault = "its forward pass gives no cache back"
    expected: dict[str, Tensor] = {}
    for use in ways:
        rows = _rows(model, use)
        for request in {request.prompt.uid: request for request, _ in rows}.values():
            if request.prompt.uid not in expected:
                expected[request.prompt.uid] = _plain(model, host, request)
        try:
            worst = _difference(model, host, rows, use, expected)
        except FAULTS as found:
            fault = f"generating fails with {_words(found)}"
            continue
        if worst <= _tolerance(host):
            return use
        fault = f"logits with the cache are off those without it by {worst:.1g} of their spread"
    raise _refused(kind, fault)


def _words(fault: Exception) -> str:
    return f"{type(fault).__name__}: {(str(fault).splitlines() or [''])[0]}"


def _refused(kind: str, why: str) -> InputError:
    return InputError(
        f"HFEngine cannot generate with a {kind}: {why}. Take a policy of another class, or VLLMEngine under data.engine "
        "if vLLM knows this one."
    )


def _tolerance(host: EngineHost) -> float:
    if host.dtype.itemsize < 4 or torch.is_autocast_enabled(host.device.type):
        return TOLERANCE_HALF
    return TOLERANCE if host.device.type == "cpu" else TOLERANCE_TF32  # cuDNN takes TF32 if nobody forbids it


def _ways(model: Any, host: EngineHost, argument: str) -> Iterator[CacheUse]:
    """All ways, the quickest first."""
    out = model(input_ids=torch.tensor([[_token(model, 0)] * 2], device=host.device), use_cache=True)
    cache = getattr(out, argument, None)
    if cache is None:
        return
    from asym_lit.growing_cache import let_grow  # imports transformers

    padded = [CacheUse(argument, select) for select in SELECT] if may_be_padded(cache, model.config) else []
    # The base class of recurrent layers has the second method alone; with keys beside, the first would take only those.
    methods = [select for select in (*reversed(SELECT), None) if select is None or hasattr(cache, select)]
    ways = [*padded, *(CacheUse(argument, select, pads=False) for select in methods)]
    growths = (True, False) if let_grow(cache) else (False,)
    yield from (replace(use, grows=grows) for use in ways for grows in growths)


def _token(model: Any, place: int) -> int:
    """Some token that is neither the first of the vocabulary, where the special ones often are, nor always the same."""
    return (7 * place + 5) % int(model.config.get_text_config(decoder=True).vocab_size)


def _lengths(config: Any) -> tuple[int, ...]:
    """Of prompts: one that leaves every window of the policy while it is written on, and one that has left it."""
    sizes = (value for name, value in vars(config).items() if type(value) is int and WINDOW.search(name))
    beyond = max((size for size in sizes if 0 < size <= LONGEST_WINDOW), default=0)
    return tuple(max(length, beyond + length - 4) for length in LENGTHS)


def _rows(model: Any, use: CacheUse) -> Rows:
    """Two samples of a prompt and one of another: a longer one, or one as long where there is no padding."""
    requests = []
    lengths = _lengths(model.config.get_text_config(decoder=True))
    for slot, length in enumerate(lengths if use.pads else lengths[:1] * 2):
        ids = tuple(_token(model, 3 * slot + place) for place in range(length))
        requests.append(Request(Prompt(f"{slot}/{length}", "", {}, "trial", ids), slot, 0))
    return [(requests[0], 0), (requests[0], 1), (requests[1], 0)]


def _plain(model: Any, host: EngineHost, request: Request) -> Tensor:
    """Logits after the prompt and after each token that is fed, without a cache, [WRITTEN + 1, V]."""
    ids = [*request.prompt.token_ids, *(_token(model, 10 + step) for step in range(WRITTEN))]
    named = {"use_cache": False} if "use_cache" in arguments_of(model) else {}
    out = model(input_ids=torch.tensor([ids], device=host.device), **named)
    logits_TV: Float[Tensor, "T V"] = out.logits[0, len(request.prompt.token_ids) - 1 :]
    return logits_TV.double()


def _difference(model: Any, host: EngineHost, rows: Rows, use: CacheUse, expected: dict[str, Tensor]) -> float:
    """How far the logits are off at worst, in standard deviations; the first row is left out from the second token on.

    Not from the first one on: two of three rows are as many as there are prompts, and a state whose rows were never
    taken out would still fit.
    """
    loop = DecodingLoop(model, host, rows, use)
    stopped_R = torch.zeros(len(rows), dtype=torch.bool, device=host.device)
    worst = 0.0
    for step in range(WRITTEN + 1):
        for logits_V, row in zip(loop.logits_BV.double(), loop.alive_R.tolist(), strict=True):
            wanted_V = expected[rows[row][0].prompt.uid][step]
            off = (logits_V - wanted_V).square().mean().sqrt() / wanted_V.std().clamp(min=1e-30)
            worst = max(worst, float(off.nan_to_num(torch.inf)))
        if step < WRITTEN:
            stopped_R[0] = step > 0
            next_B = torch.full((len(loop.alive_R),), _token(model, 10 + step), device=host.device)
            loop.advance(next_B, stopped_R)
    return worst
