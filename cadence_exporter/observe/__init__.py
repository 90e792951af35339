"""First verb of a cycle: probes side by side under one deadline; nothing is concluded here."""
