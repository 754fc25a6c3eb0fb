"""What the forward and backward pass of a micro-batch take in memory, found without allocating any of it.

The model is made of tensors that have shapes and nothing in them. Both passes are run on it, and the storages that live at
the same time are added up: what autograd keeps, what is needed in between, with gradient checkpointing or without, whatever
the architecture. All layers are run: a peak cannot be drawn out from that of a few. With few the head's or the embedding's
gradient is the peak, whatever a layer keeps, and 30 layers that keep 1.4 GiB were told to add nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from torch import Tensor

from asym_lit.layouts import shared
from asym_lit.policy.head_inputs import head_inputs
from asym_lit.policy.loading import checkpoint_activations
from asym_lit.policy.logit_shaping import LogitShaping
from asym_lit.policy.logit_tiles import LogitTiles, TileSettings
from asym_lit.policy.lora import LoRA
from asym_lit.policy.shared_attention import let_share, reading
from asym_lit.policy.simulation import LiveStorages, simulated
from asym_lit.policy.size import empty_policy
from asym_lit.policy.token_scores import CHUNK_ELEMENTS, GPU_CHUNKS
from asym_lit.shapes import Float
from asym_lit.types import Needs, Prompt, Rollout

if TYPE_CHECKING:
    from transformers import PretrainedConfig, PreTrainedModel


@dataclass(frozen=True, slots=True)
class MicroBatchShape:
    """The largest micro-batch of a run."""

    rows: int
    prompt: int
    """Tokens of the longest prompt."""
    response: int
    """Tokens of the longest response."""
    prompts: int = 0
    """Prompts that stand once for all of their rows; 0 if each row has its own."""

    @property
    def width(self) -> int:
        """Tokens of a row."""
        return self.prompt + self.response

    @property
    def rollouts(self) -> list[Rollout]:
        """Rollouts of these lengths, dealt out to the prompts in turn."""
        prompt, response = Prompt("", "", {}, "", (0,) * self.prompt), [0] * self.response
        slots = sorted(row % max(1, self.prompts) for row in range(self.rows))
        return [Rollout(prompt, slot, response, [], "stop", 0) for slot in slots]


def activation_bytes(
    config: PretrainedConfig,
    dtype: torch.dtype,
    shape: MicroBatchShape,
    needs: Needs,
    gradient_checkpointing: bool = False,
    lora: LoRA | None = None,
    is_gpu: bool = False,
    vocabulary: int | None = None,
) -> int:
    """Most memory that a forward and a backward pass take beside weights and their gradients, logits included.

    Args:
        config: Of the policy.
        dtype: In which it computes.
        shape: Of the micro-batch.
        needs: What is scored beside log-probs.
        gradient_checkpointing: Whether layers are computed again in the backward pass.
        lora: The adapters, if these are what is trained.
        is_gpu: Where it runs: tiles of logits are larger on a GPU.
        vocabulary: How many tokens are scored; None for all that the policy has.

    Raises:
        InputError: If the passes of this class hang on what tensors hold.
    """
    tiles = tiles_of(config, shape.rows * shape.response, needs, is_gpu, vocabulary)
    return _of_passes(empty_policy(config, dtype, lora), shape, tiles, gradient_checkpointing)


def _of_passes(model: PreTrainedModel, shape: MicroBatchShape, tiles: Tiles, gradient_checkpointing: bool) -> int:
    model.train()
    tokens = shared(shape.rollouts, torch.device("cpu")) if shape.prompts else None
    if tokens is not None:
        let_share(model)
    with simulated(model):
        if gradient_checkpointing:
            checkpoint_activations(model)
        parameters = list(model.parameters())
        for parameter in parameters:
            parameter.grad = torch.empty_like(parameter) if parameter.requires_grad else None
        known = [*parameters, *model.buffers(), *(p.grad for p in parameters if p.grad is not None)]
        with LiveStorages(known) as live:
            if tokens is None:
                hidden_BSH = head_inputs(model, torch.zeros(shape.rows, shape.width, dtype=torch.long))
            else:
                with reading(tokens):
                    seen = torch.ones_like(tokens.ids_1N)
                    hidden_BSH = head_inputs(model, tokens.ids_1N, position_ids=tokens.positions_1N, attention_mask=seen)
            index_N = torch.zeros(shape.rows * shape.response, dtype=torch.long)
            hidden_NH = hidden_BSH.flatten(0, 1)[index_N]
            _HeadInOneTile.apply(hidden_NH, model.get_output_embeddings().weight, tiles).sum().backward()  # type: ignore
        return live.most


@dataclass(frozen=True, slots=True)
class Tiles:
    """The buffers in which logits are made, a tile at a time."""

    height: int
    """Tokens."""
    width: int
    """Words of the vocabulary."""
    number: int
    is_gpu: bool

    @property
    def bytes(self) -> int:
        """Of all buffers."""
        return self.number * self.height * self.width * 4


def tiles_of(config: PretrainedConfig, tokens: int, needs: Needs, is_gpu: bool, vocabulary: int | None = None) -> Tiles:
    """The tiles of a micro-batch.

    Args:
        config: Of the policy.
        tokens: Response tokens of the micro-batch.
        needs: Entropies take a second buffer; the slope of a soft cap takes another.
        is_gpu: Where it runs: tiles are larger on a GPU.
        vocabulary: How many tokens are scored; None for all that the policy has.
    """
    elements = CHUNK_ELEMENTS * (GPU_CHUNKS if is_gpu else 1)
    shaping = LogitShaping(vocabulary=vocabulary)
    hidden_NH, weight_VH = torch.empty(tokens, 1, device="meta"), torch.empty(config.vocab_size, 1, device="meta")
    tiles = LogitTiles(hidden_NH, weight_VH, None, TileSettings(1.0, elements, torch.float32, torch.float32, shaping))
    return Tiles(tiles.height, tiles.width, 1 + needs.entropy + _caps_logits(config), is_gpu)


def _caps_logits(config: PretrainedConfig) -> bool:
    """By its name, for there is no model to ask: final_logit_softcapping, logits_soft_cap, output_logit_soft_cap."""
    return any(
        "logit" in name and "cap" in name and not name.startswith("att") and value for name, value in vars(config).items()
    )


class _HeadInOneTile(torch.autograd.Function):
    """Takes the memory of `ChunkedHead`, which is that of any one of its many tiles."""

    @staticmethod
    def forward(
        ctx: Any, hidden_NH: Float[Tensor, "N H"], weight_VH: Float[Tensor, "V H"], tiles: Tiles
    ) -> Float[Tensor, " N"]:
        ctx.save_for_backward(hidden_NH, weight_VH)
        ctx.tiles = tiles
        return torch.empty(len(hidden_NH))

    @staticmethod
    def backward(ctx: Any, _: Any) -> tuple[Tensor | None, ...]:
        hidden_NH, weight_VH = ctx.saved_tensors
        tiles = ctx.tiles
        kept = [torch.empty(tiles.bytes // 4)]
        if not tiles.is_gpu:  # where half-precision matrices are multiplied in fp32
            kept += [hidden_NH.float(), weight_VH[: tiles.width].float()]
        by_hidden_NH, by_weight_VH = torch.empty(hidden_NH.shape), None
        if ctx.needs_input_grad[1]:
            by_weight_VH = torch.empty_like(weight_VH)
            kept.append(by_weight_VH[: tiles.width].float())
        return by_hidden_NH.to(hidden_NH.dtype), by_weight_VH, None
