"""The last words of a server's log."""

from pathlib import Path

LINES, BYTES = 4, 4096


def log_tail(directory: Path) -> str:
    """Return the end of the newest log file that says anything, in one line."""
    logs = [path for path in directory.glob("*.log") if path.stat().st_size]
    if not logs:
        return "(it said nothing)"
    newest = max(logs, key=lambda path: path.stat().st_mtime_ns)
    lines = newest.read_bytes()[-BYTES:].decode("utf-8", errors="replace").splitlines()
    return " / ".join(line.strip() for line in lines[-LINES:])
