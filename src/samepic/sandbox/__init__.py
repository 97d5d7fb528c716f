"""Decode uploads in processes that may do nothing else."""
