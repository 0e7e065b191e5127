"""Restores: planned, recovered on a private server, verified, and only then made the live database."""
