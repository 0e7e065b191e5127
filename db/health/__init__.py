"""Statements that measure a server: what the health report, and later the snapshots, are made of."""
