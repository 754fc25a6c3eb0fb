"""Rollout steps of a random policy shaped like Qwen2.5-0.5B on real mathematics: seconds per stage, peak memory.

    python benchmarks/maths_steps.py                                  # MATH from the hub, embedded engine
    python benchmarks/maths_steps.py --data FOLDER --engine VLLMEngine

The policy is 494 M parameters over a vocabulary of 151,936, made at random and written once to --policy: it writes nonsense,
which costs what sense does. Template, engine, Math-Verify and update are those of a real run. The defaults suit two cores.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import sys
from pathlib import Path

ROOT = Path(__file__).parents[1]


def write_policy(folder: Path, layers: int) -> None:
    """Random weights in the shape of Qwen2.5-0.5B, with a tokenizer of single characters and fillers."""
    import torch
    from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers
    from transformers import PreTrainedTokenizerFast, Qwen2Config, Qwen2ForCausalLM

    size = 151_936
    words = ["<pad>", "<eos>", "<unk>", *map(chr, range(32, 127)), "\n"]
    words += [f" w{number}" for number in range(size - len(words))]
    tokenizer = Tokenizer(models.WordLevel({word: number for number, word in enumerate(words)}, unk_token="<unk>"))
    tokenizer.pre_tokenizer = pre_tokenizers.Split(Regex("[\\s\\S]"), "isolated")
    tokenizer.decoder = decoders.Fuse()
    fast = PreTrainedTokenizerFast(tokenizer_object=tokenizer, eos_token="<eos>", pad_token="<pad>", unk_token="<unk>")
    fast.save_pretrained(folder)
    config = Qwen2Config(
        vocab_size=size, hidden_size=896, intermediate_size=4864, num_hidden_layers=layers, num_attention_heads=14,
        num_key_value_heads=2, max_position_embeddings=4096, tie_word_embeddings=True, bos_token_id=None, eos_token_id=1,
        pad_token_id=0,
    )  # fmt: skip
    torch.manual_seed(0)
    Qwen2ForCausalLM(config).save_pretrained(folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--policy", type=Path, default=Path("runs/random_half_billion"))
    parser.add_argument("--layers", type=int, default=24)
    parser.add_argument("--data", help="file or folder with MATH; the hub if left out")
    parser.add_argument("--engine", default="HFEngine")
    parser.add_argument("--steps", type=int, default=2)
    parser.add_argument("--prompts", type=int, default=2)
    parser.add_argument("--n", type=int, default=2)
    parser.add_argument("--max-tokens", type=int, default=16)
    parser.add_argument("--max-prompt-tokens", type=int, default=240)
    parser.add_argument("--dtype", default="float32")
    parser.add_argument("--accelerator", default="auto")
    asked = parser.parse_args()
    if not (asked.policy / "config.json").exists():
        write_policy(asked.policy, asked.layers)

    from asym_lit.cli import main as run

    words = ["fit", "--config", f"{ROOT}/configs/simko.yaml", "--config", f"{ROOT}/configs/overlays/data/math.yaml"]
    words += ["--model.policy", str(asked.policy), "--model.dtype", asked.dtype, "--data.engine", asked.engine]
    words += ["--data.task.path", asked.data] if asked.data else []
    words += ["--data.max_prompt_tokens", str(asked.max_prompt_tokens), "--data.sampling.max_tokens", str(asked.max_tokens)]
    words += ["--data.rollout_steps", str(asked.steps), "--data.prompts_per_step", str(asked.prompts)]
    words += ["--data.sampling.n", str(asked.n), "--trainer.limit_val_batches", "0", "--trainer.num_sanity_val_steps", "0"]
    words += ["--model.mini_batches", "1", "--trainer.accelerator", asked.accelerator, "--trainer.enable_progress_bar", "false"]
    words += ["--trainer.logger", "lightning.pytorch.loggers.CSVLogger", "--trainer.logger.save_dir", "runs/maths_steps"]
    words += ["--data.engine.max_model_len", "1024"] if asked.engine == "VLLMEngine" else []
    run(words)
    report(asked)


def report(asked: argparse.Namespace) -> None:
    import csv

    import torch

    rows = [row for path in sorted(Path("runs/maths_steps").glob("**/metrics.csv"), key=os.path.getmtime)[-1:]
            for row in csv.DictReader(path.open())]  # fmt: skip
    stages = sorted(name for name in rows[0] if name.startswith("time/"))
    for row in (row for row in rows if row.get("time/step")):
        print(f"step {row['step']}: " + ", ".join(f"{name[5:]} {float(row[name]):.1f} s" for name in stages if row[name]))
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    found = {"peak_host_gib": round(peak, 2), "engine": asked.engine}
    if torch.cuda.is_available():
        found["peak_device_gib"] = round(torch.cuda.max_memory_allocated() / 2**30, 2)
    print(json.dumps(found))


if __name__ == "__main__":
    sys.exit(main())
