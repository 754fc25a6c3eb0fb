"""Rollouts: prompts in, sampled responses out, and their cutting into batches."""
