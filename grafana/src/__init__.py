"""The dashboards as code: one module a dashboard, shared pieces named by what they are. ``make dashboards`` writes the JSON."""
