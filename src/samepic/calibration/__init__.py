"""calibration: what the verdicts are worth on pairs that a user labeled, and the profile made of that."""
