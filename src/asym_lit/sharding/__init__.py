"""Policies of which no process holds all: loaded, tried and saved part by part, in plain torch."""
