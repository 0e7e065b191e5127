"""What servers say about themselves, read once a tick, and where it is kept."""
