"""Verifiers of logic: SynLogic's puzzles by their rules, BBH and KOR-Bench by their authors' comparison or a milder one."""
