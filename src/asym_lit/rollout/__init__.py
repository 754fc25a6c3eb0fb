"""Rollouts: prompts in, sampled responses out, and their cutting into batches.

Whether they are right is the verifiers' business.
"""
