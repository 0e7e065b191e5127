"""What PostgreSQL's own programs and views do for base backups."""
