"""What Prometheus sees: one consistent snapshot a cycle, counters that never show more than is on disk."""
