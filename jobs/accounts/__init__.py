"""Local accounts: who may sign in by name and password, and for how long."""
