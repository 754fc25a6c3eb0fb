"""Verifiers of logic: SynLogic's puzzles by their rules, BBH and KOR-Bench by the comparison of their authors, or a milder one."""
