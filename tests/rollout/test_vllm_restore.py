"""A remote engine keeps what it sent last, for a server in place of one that died; without a server."""

from __future__ import annotations

from types import SimpleNamespace

import torch

from asym_lit.policy.loading import locate
from asym_lit.rollout.engine import RunsElsewhere
from asym_lit.rollout.vllm_server import VLLMServerEngine


def test_a_server_that_was_started_anew_is_sent_the_weights_of_the_last_sync(tmp_path, monkeypatch) -> None:
    engine = VLLMServerEngine(directory=str(tmp_path))
    asked: list[str] = []

    def post(path, body):
        asked.append(body.get("kwargs", {}).get("weights_path", path))
        return {"success": True}

    monkeypatch.setattr(engine.client, "post", post)
    host = SimpleNamespace(policy=locate("bundled"))
    for version in (3, 5):
        engine.host, engine._is_tried = host, True
        engine.sync({"one": torch.full((2,), float(version))}.items(), version)
    engine.close()
    engine.host, engine._is_tried = host, False
    assert engine.version == -1 and isinstance(engine, RunsElsewhere)
    engine.restore()  # untried: the policy that it would be held against has moved on
    assert engine.version == 5 and engine.mark.startswith("5-")
    versions = [str(tmp_path / f"version_00000{version}") for version in (3, 5, 5)]
    assert asked == [word for path in versions for word in (path, "/reset_prefix_cache", "/update_weight_version")]
