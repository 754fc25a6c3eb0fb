"""Seconds of a rollout step, predicted: counted work over what a device does a second. Pure functions; no tensors, no torch."""
