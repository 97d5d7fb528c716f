"""The classical measures of the difference between two pictures: pure functions, each with its source."""
