"""Weights over NCCL, by vLLM's own transfer engine. Its interface changes between releases: one of them is supported."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import torch
from torch import Tensor

from asym_lit.rollout.vllm_process import check_installation, release_line
from asym_lit.types import InputError

SUPPORTED = "0.32"
"""0.33 has another `WeightSource`."""


class NCCLTransfer:
    """Sends weights from this process's GPU to all workers of a server. vLLM must be installed beside the trainer, too.

    Args:
        url: Of the server; started with `--weight-transfer-config '{"backend": "nccl"}'`.
        address: Of this machine, as the server sees it.
        port: On this machine, free.
        device: The GPU to send from; not one of the server's.
    """

    def __init__(self, url: str, address: str, port: int, device: torch.device) -> None:
        version = check_installation()
        if release_line(version) != SUPPORTED:
            raise InputError(
                f"Weights over NCCL need vLLM {SUPPORTED}, {version} is installed. Write --data.engine.weights directory."
            )
        if device.type != "cuda":
            raise InputError(f"NCCL sends from a GPU, the policy is on {device}. Write --data.engine.weights directory.")
        self.url, self.address, self.port, self.device = url, address, port, device
        self._engine: Any = None
        self._weights: dict[str, Tensor] = {}

    def send(self, weights: dict[str, Tensor]) -> None:
        """Send all of them; returns when the server has taken them over.

        Args:
            weights: On the host, by Hugging Face name.
        """
        self._weights = weights
        if self._engine is None:
            self._engine = self._open()
        self._engine.send_weights()
        self._weights = {}

    def _open(self) -> Any:
        import requests
        from vllm.distributed.weight_transfer.base import ParamMeta, WeightSource
        from vllm.distributed.weight_transfer.clients import HTTPVLLMWeightSyncClient
        from vllm.distributed.weight_transfer.factory import WeightTransferTrainerFactory
        from vllm.distributed.weight_transfer.nccl_engine import NCCLTrainerInitInfo

        transfer = self

        class Gathered(WeightSource):  # type: ignore[misc]
            """What was gathered to the host, put on the GPU one by one as it is sent."""

            def metadata(self) -> list[Any]:
                return [ParamMeta(name, value.dtype, tuple(value.shape)) for name, value in transfer._weights.items()]

            def __iter__(self) -> Iterator[tuple[str, Tensor]]:
                for name, value in transfer._weights.items():
                    yield name, value.to(transfer.device)

        workers = int(requests.get(f"{self.url}/get_world_size", timeout=60).json()["world_size"])
        info = NCCLTrainerInitInfo(self.address, self.port, workers + 1, rank=0)
        return WeightTransferTrainerFactory.trainer_init(info, client=HTTPVLLMWeightSyncClient(self.url), source=Gathered())
