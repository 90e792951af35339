"""The log on standard output: facts of a cycle, drawn as lines for people or as key=value."""
