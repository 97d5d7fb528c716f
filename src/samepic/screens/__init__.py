"""Screenshots: whether two show the same screen, pixel by pixel, and what changed in terms of layout."""
