"""Evaluation: pass@k, its uncertainty, and how it is shown."""
