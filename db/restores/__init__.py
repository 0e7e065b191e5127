"""What PostgreSQL does for a restore: a private server that recovers, and what can be asked of it."""
