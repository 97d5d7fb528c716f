"""The parts of the pytest plugin: what is shot, where baselines lie, what is said and shown of a change."""
