import pytest
import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import named_weights, save_policy
from asym_lit.policy.loading import load_policy, load_tokenizer
from fakes import tiny_policy

IDS = torch.tensor([[3, 4, 5, 6]])


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
def test_all_weights_are_named_the_tied_head_too(tied):
    model = tiny_policy(tied=tied)
    weights = dict(named_weights(model))
    assert set(weights) == set(model.state_dict())
    assert torch.equal(weights["lm_head.weight"], model.get_output_embeddings().weight)


def test_sharded_weights_are_gathered():
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        mesh = init_device_mesh("cpu", (1,))
        layer = torch.nn.Linear(3, 2)
        whole = layer.weight.detach().clone()
        layer.weight = torch.nn.Parameter(distribute_tensor(whole, mesh, [Shard(0)]))
        weight = dict(named_weights(layer))["weight"]
        assert not isinstance(weight, DTensor)
        assert torch.equal(weight, whole)
    finally:
        distributed.destroy_process_group()


@pytest.mark.parametrize("tied", [False, True], ids=["own head", "tied head"])
def test_a_saved_policy_loads_with_the_same_logits_and_tokenizer(tmp_path, tied):
    model, folder = tiny_policy(tied=tied), tmp_path / "deep" / "inside"
    save_policy(model, character_tokenizer(64), folder)
    with torch.no_grad():
        torch.testing.assert_close(load_policy(str(folder))(IDS).logits, model(IDS).logits, rtol=0, atol=0)
    assert load_tokenizer(str(folder))("7*6=").input_ids == character_tokenizer(64)("7*6=").input_ids
    assert (folder / "model.safetensors").exists()


def test_only_the_writer_writes(tmp_path):
    save_policy(tiny_policy(), character_tokenizer(64), tmp_path / "folder", is_writer=False)
    assert not (tmp_path / "folder").exists()
