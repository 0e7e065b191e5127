"""What is done for a database file (SQLite): its backups, and nothing else of what is done for servers."""
