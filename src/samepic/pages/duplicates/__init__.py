"""The review of duplicates: pages to decide the groups of a report, served by samepic find and review."""
