"""The run folder: what its files are called, and how each of them is written and read again.

What follows from them is computed in `evaluation/`.
"""
