"""What survives a pulled plug: one SQLite file, a good copy of it, and a lock on both."""
