"""The gate: no picture is uploaded twice."""
