"""The pytest plugin: captured pages, baselines, and messages and reports of changes."""
