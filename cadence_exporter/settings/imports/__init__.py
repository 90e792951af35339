"""Settings of other DNS updaters, read so that a home can move over: one program a file, all of them pure."""
