"""Fifth verb of a cycle: on disk first, then shown: metrics, log, web."""
