"""The production loop in a pretend home on a virtual clock: only the seams are played."""
