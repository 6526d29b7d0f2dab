"""Wake words for Home Assistant and its satellites, by the Wyoming protocol."""
