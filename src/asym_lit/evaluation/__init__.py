"""Evaluation: pass@k, its uncertainty, what changed and whether it is luck. How it is shown is in `reports/`."""
