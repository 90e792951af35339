"""Fourth verb of a cycle: what was decided is done, and each deed comes back as an Outcome."""
