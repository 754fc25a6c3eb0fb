import numpy as np
import pytest

from asym_lit.gguf_models.reading import GGUFFile
from asym_lit.gguf_models.tokenizer import end_tokens
from asym_lit.gguf_models.weights import load_model
from asym_lit.types import InputError
from gguf_files import HIDDEN, random_llama, write_gguf


def test_a_file_says_what_is_in_it(tmp_path):
    file = GGUFFile(write_gguf(tmp_path / "tiny.gguf", random_llama(), "Q8_0"))
    assert file.architecture == "llama"
    # two layers of seven matrices and two norms, the embedding, the last norm
    assert file.kinds == {"F32": 5, "Q8_0": 15}
    assert file.metadata["general.license"] == "apache-2.0"


@pytest.mark.parametrize("damage", ["cut", "other"])
def test_a_damaged_file_is_named(tmp_path, damage):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama())
    whole = path.read_bytes()
    path.write_bytes(whole[:-5000] if damage == "cut" else b"no model" + whole[8:])
    with pytest.raises(InputError, match=r"tiny.gguf is damaged, or no GGUF file .* Copy it anew"):
        GGUFFile(path)


def test_a_part_of_a_file_is_refused(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), keys={"split.count": 2})
    with pytest.raises(InputError, match=r"is one of 2 parts. Put them together with llama-gguf-split --merge"):
        GGUFFile(path)


def test_a_quantisation_that_the_library_does_not_know_is_refused(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama())
    whole, name = path.read_bytes(), b"blk.0.attn_q.weight"
    kind = whole.index(name) + len(name) + 4 + 2 * 8  # behind the number of dimensions, and two of them
    assert whole[kind : kind + 4] == bytes(4)  # F32 is 0
    path.write_bytes(whole[:kind] + (99).to_bytes(4, "little") + whole[kind + 4 :])
    with pytest.raises(InputError, match=r"of a quantisation that this release of gguf does not know \(ValueError: .*99"):
        GGUFFile(path)


def test_a_quantisation_that_cannot_be_undone_is_refused(tmp_path):
    whole_numbers = {"blk.0.attn_q.weight": np.zeros((HIDDEN, HIDDEN), np.int8)}
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), tensors=whole_numbers)
    with pytest.raises(InputError, match=r"quantisation I8 \(blk.0.attn_q.weight first\), which gguf cannot undo"):
        GGUFFile(path)


def test_an_unknown_architecture_is_refused_with_those_that_are_known(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), architecture="lama")
    with pytest.raises(InputError, match=r"architecture 'lama', which transformers .* Allowed: .*llama, .*qwen2, "):
        load_model(GGUFFile(path))


def test_a_setting_that_transformers_passes_over_is_refused(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), keys={"llama.rope.scaling.factor": 8})
    with pytest.raises(InputError, match=r"says llama.rope.scaling.factor 8, which transformers .* does not read"):
        load_model(GGUFFile(path))


def test_a_setting_that_is_said_twice_is_no_fault(tmp_path):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), keys={"llama.attention.key_length": 16})  # 64 wide, 4 heads
    assert load_model(GGUFFile(path)).config.head_dim == 16
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), keys={"llama.attention.key_length": 32})
    with pytest.raises(InputError, match=r"says llama.attention.key_length 32"):
        load_model(GGUFFile(path))


@pytest.mark.parametrize("name", ["rope_freqs.weight", "blk.0.attn_q.bias"])
def test_a_tensor_that_transformers_passes_over_is_refused(tmp_path, name):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama(), tensors={name: np.ones(HIDDEN, np.float32)})
    with pytest.raises(InputError, match=f"weights, and a LlamaForCausalLM of them has .*; {name} not read"):
        load_model(GGUFFile(path))


def test_a_lost_tensor_is_refused(tmp_path, monkeypatch):
    import gguf_files

    written = gguf_files.gguf_weights
    monkeypatch.setattr(gguf_files, "gguf_weights", lambda model: dict(list(written(model).items())[:-1]))
    with pytest.raises(InputError, match=r"lacks 1 weights of a LlamaForCausalLM, model.norm.weight first"):
        load_model(GGUFFile(write_gguf(tmp_path / "tiny.gguf", random_llama())))


def test_tokens_that_end_a_turn_end_a_response(tmp_path):
    keys = {"tokenizer.ggml.eot_token_id": 0, "tokenizer.ggml.eom_token_id": 2}
    file = GGUFFile(write_gguf(tmp_path / "tiny.gguf", random_llama(), keys=keys))
    assert end_tokens(file) == [2, 0]  # the end of the sequence, of a turn, of a message, each once
    assert load_model(file).generation_config.eos_token_id == [2, 0]


@pytest.mark.parametrize("package", ["gguf", "accelerate"])
def test_without_a_package_that_reads_it_its_install_is_named(package, tmp_path, monkeypatch):
    """transformers' own refusal without accelerate was told as an architecture that it does not read."""
    path = write_gguf(tmp_path / "tiny.gguf", random_llama())
    monkeypatch.setattr("asym_lit.gguf_models.reading.find_spec", lambda name: None if name == package else name)
    with pytest.raises(InputError, match=rf"{package} is missing. Write pip install 'gguf.*' accelerate"):
        GGUFFile(path)
