"""Models of every kind that may have pictures."""
