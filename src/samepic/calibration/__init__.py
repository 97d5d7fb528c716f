"""calibration: what the verdicts are worth on pairs that a user labelled, and the profile made of that."""
