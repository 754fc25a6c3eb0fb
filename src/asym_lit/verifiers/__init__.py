"""Verifiers: what decides whether a response is right."""
