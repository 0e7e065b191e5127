"""Looks at every server each tick: snapshots, what became of the time between two of them, and advice."""
