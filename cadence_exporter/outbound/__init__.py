"""How anything leaves the house: one bounded, counted HTTPS client, and lanes that a hung call cannot escape from."""
