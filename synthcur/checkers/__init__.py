"""Quality and diversity of generated rows, the map, and other signals."""
