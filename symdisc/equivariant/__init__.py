"""From generators to representations and the maps that commute with them."""
