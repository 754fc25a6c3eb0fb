"""Options of TRL 1.16's `GRPOConfig` and `trl grpo`."""

from __future__ import annotations

from asym_lit.commands.translate.options import Option

_MODEL, _DATA, _ADAM = "model.init_args", "data.init_args", "model.init_args.optimizer.init_args"
_PER_STEP = "with num_generations, gradient_accumulation_steps and --processes"

TRL: tuple[Option, ...] = (
    Option("model_name_or_path", f"{_MODEL}.policy"),
    Option("dtype", f"{_MODEL}.dtype", "auto is float32 here"),
    Option("learning_rate", f"{_ADAM}.lr", "1e-6 if not given, as there"),
    Option("weight_decay", f"{_ADAM}.weight_decay"),
    Option("adam_epsilon", f"{_ADAM}.eps"),
    Option("adam_beta1", f"{_ADAM}.betas", "with adam_beta2", "part"),
    Option("adam_beta2", f"{_ADAM}.betas", "with adam_beta1", "part"),
    Option("lr_scheduler_type", f"{_MODEL}.schedule", "constant, linear or cosine", "part"),
    Option(
        "warmup_steps", f"{_MODEL}.warmup_steps", "below 1 a share of the run there; a number of optimizer steps here", "part"
    ),
    Option("warmup_ratio", f"{_MODEL}.warmup_steps", "a share of the run there", "part"),
    Option("max_grad_norm", f"{_MODEL}.max_grad_norm"),
    Option("gradient_checkpointing", f"{_MODEL}.gradient_checkpointing", "on there unless it is switched off"),
    Option("lora_r", f"{_MODEL}.lora.r", "with use_peft", "part"),
    Option("lora_alpha", f"{_MODEL}.lora.alpha", "with use_peft", "part"),
    Option("lora_target_modules", f"{_MODEL}.lora.target_modules", "with use_peft", "part"),
    Option("use_peft", f"{_MODEL}.lora", "", "part"),
    Option("seed", "seed_everything"),
    Option("output_dir", "trainer.logger.init_args.save_dir"),
    Option("run_name", "trainer.logger.init_args.name"),
    Option("logging_steps", "trainer.log_every_n_steps", "rollout steps here"),
    Option("eval_steps", "trainer.val_check_interval", "rollout steps here"),
    Option("max_completion_length", f"{_DATA}.sampling.max_tokens"),
    Option("max_prompt_length", f"{_DATA}.max_prompt_tokens", "longer prompts are left out here, cut there (TRL before 1.0)"),
    Option("num_generations", f"{_DATA}.sampling.n"),
    Option("num_generations_eval", f"{_DATA}.evaluation.n"),
    Option("temperature", f"{_DATA}.sampling.temperature"),
    Option("top_p", f"{_DATA}.sampling.top_p"),
    Option("top_k", f"{_DATA}.sampling.top_k"),
    Option("per_device_train_batch_size", f"{_DATA}.prompts_per_step", _PER_STEP, "part"),
    Option("gradient_accumulation_steps", f"{_DATA}.prompts_per_step", "as above", "part"),
    Option("generation_batch_size", f"{_DATA}.prompts_per_step", "rollouts there, prompts here", "part"),
    Option("steps_per_generation", f"{_MODEL}.mini_batches", "over gradient_accumulation_steps", "part"),
    Option("num_iterations", f"{_MODEL}.inner_epochs"),
    Option("max_steps", f"{_DATA}.rollout_steps", "optimizer steps there", "part"),
    Option("num_train_epochs", f"{_DATA}.rollout_steps", "needs the number of prompts; write --data.rollout_steps", "part"),
    Option(
        "dataset_name", f"{_DATA}.task", "prompts in `prompt`, gold answers in `solution` unless configs/tasks has it", "part"
    ),
    Option("dataset_config", f"{_DATA}.task.init_args.config", "", "part"),
    Option("dataset_train_split", f"{_DATA}.task.init_args.train", "", "part"),
    Option("dataset_test_split", f"{_DATA}.task.init_args.test", "", "part"),
    Option("reward_funcs", "--verifier", "accuracy_reward is Maths; a dotted path stays what it is", "part"),
    Option("reward_weights", "weights of Weighted", "", "part"),
    Option("use_vllm", f"{_DATA}.engine", "VLLMEngine", "part"),
    Option("vllm_mode", f"{_DATA}.engine", "colocate is VLLMEngine; a server is VLLMServersEngine, started by `serve`", "part"),
    Option("vllm_gpu_memory_utilization", f"{_DATA}.engine.init_args.gpu_memory_utilization", "with use_vllm", "part"),
    Option("vllm_tensor_parallel_size", f"{_DATA}.engine.init_args.tensor_parallel_size", "with use_vllm", "part"),
    Option("vllm_max_model_length", f"{_DATA}.engine.init_args.max_model_len", "with use_vllm", "part"),
    Option("loss_type", "model.objective", "grpo, dapo, bnpo: grpo(token_mean); others: their presets", "part"),
    Option(
        "scale_rewards", "model.objective", "group; none: with_parts(estimator: Centred); batch: BatchScaled beside it", "part"
    ),
    Option("epsilon", "model.objective.clip", "", "part"),
    Option("epsilon_high", "model.objective", "with_parts(token_loss: ClippedSurrogate)", "part"),
    Option("beta", "model.objective", "ReferenceKL, weighted unless use_bias_correction_kl is false", "part"),
    Option("use_bias_correction_kl", "model.objective", "false: kl; on by default: ReferenceKL(weighted)", "part"),
    Option("entropy_coef", "model.objective.entropy", "a token mean there, whatever the aggregation", "part"),
    Option(
        "top_entropy_quantile", "forking_tokens(quantile)", "1 - it; on rollout entropies here, at every update there", "part"
    ),
    Option(
        "importance_sampling_level", "model.objective", "sequence: gspo, luspo, or with_parts(ratio: SequenceRatio)", "part"
    ),
    Option("sapo_temperature_pos", "model.objective.tau_positive", "with loss_type sapo", "part"),
    Option("sapo_temperature_neg", "model.objective.tau_negative", "with loss_type sapo", "part"),
    Option("vespo_k_pos", "model.objective.k_right", "with loss_type vespo", "part"),
    Option("vespo_lambda_pos", "model.objective.lambda_right", "with loss_type vespo", "part"),
    Option("vespo_k_neg", "model.objective.k_wrong", "with loss_type vespo", "part"),
    Option("vespo_lambda_neg", "model.objective.lambda_wrong", "with loss_type vespo", "part"),
    Option("delta", "model.objective", "with_parts(token_loss: DualClippedSurrogate)", "part"),
    Option("off_policy_mask_threshold", "model.objective", "with_parts(token_reweights: OffPolicyMask)", "part"),
    Option("vllm_importance_sampling_correction", "corrected(base, correction)", "on there with vLLM, off here", "part"),
    Option("vllm_importance_sampling_mode", "corrected(base, correction)", "", "part"),
    Option("vllm_importance_sampling_clip_max", "corrected(base, correction)", "high", "part"),
    Option("multi_objective_aggregation", "", "normalize_then_sum: the objective gdpo, by hand", "none"),
    Option("use_adaptive_entropy", "", "adaptive_entropy(base, rule: trl), by hand", "none"),
    Option("sync_ref_model", "", "the reference is the policy before training", "none"),
    Option("mask_truncated_completions", "", "truncated responses count", "none"),
    Option("min_p", "", "", "none"),
    Option("repetition_penalty", "", "a penalised distribution is not the policy's", "none"),
    Option("bf16", "", "mixed precision there; --model.dtype bfloat16 holds the weights so", "none"),
    Option("optim", "", "adamw there and here; others: model.optimizer by import path", "none"),
    Option("tools", "", "one prompt, one response", "none"),
    Option("push_to_hub", "", "checkpoints are Hugging Face directories; `hf upload` sends one", "none"),
    *(
        Option(name, "", why, "needless")
        for name, why in (
            ("report_to", "TensorBoard; others by trainer.logger"),
            ("use_cpu", "trainer.accelerator: auto"),
            ("log_completions", "Transcript writes them all"),
            ("num_completions_to_print", "Transcript writes them all"),
            ("disable_dropout", "dropout is off"),
            ("shuffle_dataset", "prompts are shuffled"),
            ("remove_unused_columns", "fields are named by the task"),
            ("save_strategy", "RolloutCheckpoint"),
            ("save_steps", "RolloutCheckpoint.every_n_steps"),
            ("logging_strategy", "each step is logged"),
            ("eval_strategy", "the whole evaluation before, while and after training"),
            ("do_eval", "as above"),
            ("do_train", "fit"),
            ("attn_implementation", "transformers' choice"),
            ("vllm_server_base_url", "engine: VLLMServerEngine"),
            ("gradient_checkpointing_kwargs", "not reentrant"),
            ("dataloader_num_workers", "prompts need none"),
            ("overwrite_output_dir", "each run has a folder of its own"),
            ("logging_first_step", "each step is logged"),
            ("disable_tqdm", "trainer.enable_progress_bar"),
            ("ddp_find_unused_parameters", "strategy: ddp"),
        )
    ),
)

DEFAULTS = {
    "learning_rate": 1e-6,
    "weight_decay": 0.0,
    "lr_scheduler_type": "linear",
    "per_device_train_batch_size": 8,
    "gradient_accumulation_steps": 1,
    "num_generations": 8,
    "max_completion_length": 256,
    "gradient_checkpointing": True,
    "epsilon": 0.2,
    "loss_type": "dapo",
    "scale_rewards": "group",
    "seed": 42,
    "num_iterations": 1,
    "temperature": 1.0,
}
"""What TRL takes where nothing is written."""
