"""Messages for people, by Apprise: one for each edge of an incident, short enough for a lock screen."""
