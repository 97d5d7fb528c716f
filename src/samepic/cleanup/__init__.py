"""Clean up duplicates: plan what goes, do it step by step under a journal, and undo it."""
