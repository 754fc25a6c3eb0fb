"""Policies: loading, scoring, export."""
