"""Third verb of a cycle: what to believe, what to do, when to look again. Pure."""
