"""Second verb of a cycle: what one observation means. Pure."""
