"""The ladder for mathematics: our own rules, then Math-Verify in processes of its own. Judges stand beside it."""
