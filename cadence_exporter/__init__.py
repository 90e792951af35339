"""Cadence watches a home's connection, keeps DNS pointing at it, and tells Prometheus everything."""

__version__ = "0.1.0"
