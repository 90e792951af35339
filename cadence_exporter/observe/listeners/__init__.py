"""Those that hear a change before the next regular look: they ring the doorbell, and carry no facts."""
