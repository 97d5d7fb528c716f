"""The gate: refuses pictures that were uploaded before."""
