"""A Google sheet: one row for each home that is kept up to date, and a log of what happened."""
