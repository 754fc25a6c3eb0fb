"""Sizes, schedule, engine, adapters and data: options that mean something only together."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from asym_lit.commands.translate.data import first_of, task_of
from asym_lit.commands.translate.options import Translation, number_of, whole_of
from asym_lit.types import InputError

_MODEL, _DATA = "model.init_args", "data.init_args"
GUESS = "rollout_steps is a guess: how many prompts there are is not in the configuration. Write --data.rollout_steps."
EPOCHS = "rollout steps are counted, not epochs; write --data.rollout_steps"


def trl_sizes(made: Translation, given: Mapping[str, Any], processes: int) -> None:
    """What TRL says in rows and optimizer steps."""
    settings = made.settings
    rows = whole_of(given, "per_device_train_batch_size", least=1)
    accumulation = whole_of(given, "gradient_accumulation_steps", least=1)
    per_pass = rows * processes
    told = whole_of(given, "steps_per_generation", 0) or whole_of(given, "generation_batch_size", 0) // per_pass
    batches = told or accumulation
    rollouts, group = per_pass * batches, whole_of(given, "num_generations", least=1)
    if rollouts % group:
        raise InputError(
            f"{rollouts} rollouts a step ({rows} rows x {processes} processes x {batches}) are no multiple of num_generations "
            f"{group}, which TRL refuses too. Write --processes with the number of GPUs that it runs on."
        )
    if processes == 1:
        made.notes.append("One process was taken for the batch size; write --processes if there are more.")
    settings[f"{_DATA}.prompts_per_step"] = rollouts // group
    updates = max(batches // accumulation, 1)
    settings[f"{_MODEL}.mini_batches"] = updates
    steps = whole_of(given, "max_steps", 0)
    if steps > 0:
        settings[f"{_DATA}.rollout_steps"] = -(-steps // (updates * whole_of(given, "num_iterations", least=1)))
    else:
        made.notes.append(GUESS)
    if "num_train_epochs" in given:
        made.nowhere["num_train_epochs"] = EPOCHS if steps <= 0 else "max_steps goes before it"
    kind = str(given["lr_scheduler_type"]).rpartition(".")[2].lower()
    known = {"linear": "linear", "cosine": "cosine", "constant": "constant", "constant_with_warmup": "constant"}
    settings[f"{_MODEL}.schedule"] = known.get(kind, "constant")
    if kind not in known:
        made.nowhere["lr_scheduler_type"] = f"{kind}; allowed here: constant, linear, cosine"
    share = number_of(given, "warmup_ratio", 0)
    warm = number_of(given, "warmup_steps", 0)
    share, warm = (warm, 0.0) if 0 < warm < 1 else (share, warm)
    settings[f"{_MODEL}.warmup_steps"] = round(share * steps) if share and steps > 0 else int(warm)
    if share and steps <= 0:
        made.nowhere["warmup_ratio"] = "a share of a run whose length is not known; write --model.warmup_steps"
    if "adam_beta1" in given or "adam_beta2" in given:
        betas = [number_of(given, "adam_beta1", 0.9), number_of(given, "adam_beta2", 0.999)]
        settings[f"{_MODEL}.optimizer.init_args.betas"] = betas
    if settings.get(f"{_MODEL}.dtype") == "auto":
        settings[f"{_MODEL}.dtype"] = "float32"
    if given.get("use_peft"):
        lora = {"r": given.get("lora_r", 16), "alpha": number_of(given, "lora_alpha", 32)}
        targets = given.get("lora_target_modules")
        if targets not in (None, "all-linear", ["all-linear"]):
            lora["target_modules"] = [targets] if isinstance(targets, str) else list(targets)
        settings[f"{_MODEL}.lora"] = lora
    if given.get("use_vllm"):
        if given.get("vllm_mode", "colocate") != "colocate":
            made.nowhere["vllm_mode"] = "server: start it by `asym-lit serve`, data.engine VLLMServersEngine"
        names = {"vllm_gpu_memory_utilization": "gpu_memory_utilization", "vllm_tensor_parallel_size": "tensor_parallel_size"}
        names["vllm_max_model_length"] = "max_model_len"
        _engine(made, {ours: given[name] for name, ours in names.items() if given.get(name)})
    if given.get("dataset_name"):
        names = {"dataset_config": "config", "dataset_train_split": "train", "dataset_test_split": "test"}
        further = {ours: given[name] for name, ours in names.items() if given.get(name)}
        task_of(made, "dataset_name", str(given["dataset_name"]), "prompt", "solution", **further)


def verl_sizes(made: Translation, given: Mapping[str, Any], _processes: int) -> None:
    """What verl says in prompts of a mini-batch and epochs."""
    settings, actor, rollout = made.settings, "actor_rollout_ref.actor", "actor_rollout_ref.rollout"
    prompts = whole_of(given, "data.train_batch_size", least=1)
    part = whole_of(given, f"{actor}.ppo_mini_batch_size", least=1)
    if prompts % part:
        made.notes.append(f"{prompts} prompts are no multiple of mini-batches of {part}; {max(prompts // part, 1)} are made.")
    settings[f"{_MODEL}.mini_batches"] = max(prompts // part, 1)
    warm = whole_of(given, f"{actor}.optim.lr_warmup_steps", 0)
    settings[f"{_MODEL}.warmup_steps"] = max(warm, 0)
    if not given.get("trainer.total_training_steps"):
        made.notes.append(GUESS)
        if "trainer.total_epochs" in given:
            made.nowhere["trainer.total_epochs"] = EPOCHS
    if whole_of(given, f"{rollout}.top_k", -1) > 0:
        settings[f"{_DATA}.sampling.top_k"] = whole_of(given, f"{rollout}.top_k")
    cold = given.get(f"{rollout}.val_kwargs.temperature")
    if cold:
        settings[f"{_DATA}.evaluation.temperature"] = number_of(given, f"{rollout}.val_kwargs.temperature")
    elif cold is not None:
        made.nowhere[f"{rollout}.val_kwargs.temperature"] = "0, greedy: pass@k wants samples; 1.0 stands in the recipe"
    settings[f"{_DATA}.evaluation.max_tokens"] = given["data.max_response_length"]
    frequency = whole_of(given, "trainer.test_freq", -1)
    if frequency > 0:
        settings["trainer.val_check_interval"] = frequency
    for name, ours in (("n_gpus_per_node", "devices"), ("nnodes", "num_nodes")):
        if f"trainer.{name}" in given and whole_of(given, f"trainer.{name}") > 1:
            settings[f"trainer.{ours}"] = whole_of(given, f"trainer.{name}")
            settings["trainer.strategy"] = "fsdp2"
    rank = whole_of(given, "actor_rollout_ref.model.lora_rank", 0)
    if rank:
        settings[f"{_MODEL}.lora"] = {"r": rank, "alpha": number_of(given, "actor_rollout_ref.model.lora_alpha", 16)}
    if given.get(f"{rollout}.name") == "vllm":
        names = {"gpu_memory_utilization": "gpu_memory_utilization", "tensor_model_parallel_size": "tensor_parallel_size"}
        _engine(made, {ours: given[f"{rollout}.{name}"] for name, ours in names.items() if given.get(f"{rollout}.{name}")})
    elif given.get(f"{rollout}.name"):
        made.nowhere[f"{rollout}.name"] = f"{given[f'{rollout}.name']}: vLLM or the policy itself; the latter is in the recipe"
    files = given.get("data.train_files")
    if files:
        path, rest = first_of(files)
        if rest:
            made.nowhere["data.train_files"] = f"of {len(rest) + 1} files the first; join them"
        key = str(given.get("data.prompt_key", "prompt"))
        task_of(made, "data.train_files", path, key, "reward_model.ground_truth")
        if given.get("data.val_files"):
            made.notes.append(
                "data.val_files: write the set under --data.evaluation_tasks; a share of the training data is taken."
            )


def _engine(made: Translation, arguments: dict[str, Any]) -> None:
    made.settings[f"{_DATA}.engine"] = {
        "class_path": "asym_lit.rollout.vllm_engine.VLLMEngine",
        **({"init_args": arguments} if arguments else {}),
    }
