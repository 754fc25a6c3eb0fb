"""Ways to shut a process in: bubblewrap's namespaces, else Landlock. Each is tried before it is trusted."""
