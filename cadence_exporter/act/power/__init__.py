"""The switch that the modem's power runs through: one file per kind, and one guard around all of them."""
