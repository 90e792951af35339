"""The frozen values that move between the stages of a cycle, one file per arrow. No I/O, no clock, no settings."""
