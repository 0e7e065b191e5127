"""Baselines: how the database does when all is well, and what is worse since."""
