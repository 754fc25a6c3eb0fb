"""Policies: loading, scoring, export. How one writes is in `rollout/`, how it learns in `objectives/` and `lit/`."""
