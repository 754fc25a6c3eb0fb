import pytest
import torch
from torch import distributed
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, Shard, distribute_tensor

from asym_lit.policy.characters import character_tokenizer
from asym_lit.policy.export import named_weights, save_policy
from asym_lit.policy.loading import load_policy, load_tokenizer
from asym_lit.policy.lora import LoRA, add_adapters
from fakes import tiny_policy
from model_kinds import move, tiny

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


@pytest.mark.parametrize("kind", ["Qwen3Moe", "Llama"])
def test_sharded_adapters_have_the_gradients_and_the_merged_weights_of_whole_ones(kind):
    """Peft registers the adapters of stacked experts anew in each forward pass, on the very weights that are sharded."""
    whole, sharded = (move(add_adapters(tiny(kind), LoRA(r=2))) for _ in range(2))
    distributed.init_process_group("gloo", store=distributed.HashStore(), rank=0, world_size=1)
    try:
        mesh = init_device_mesh("cpu", (1,))
        for layer in sharded.model.layers:
            fully_shard(layer, mesh=mesh)
        fully_shard(sharded, mesh=mesh)
        for model in (whole, sharded):
            model(input_ids=IDS, use_cache=False).logits.log_softmax(-1)[..., 5].sum().backward()
        theirs = {name: p.grad.full_tensor() for name, p in sharded.named_parameters() if p.grad is not None}
        ours = {name: p.grad for name, p in whole.named_parameters() if p.grad is not None}
        assert theirs.keys() == ours.keys()
        assert all(torch.allclose(theirs[name], ours[name], rtol=0, atol=1e-6) for name in ours)
        gathered = dict(named_weights(sharded))
        assert all(torch.equal(gathered[name], value) for name, value in named_weights(whole))
    finally:
        distributed.destroy_process_group()
