"""A gallery that shows no picture twice."""
