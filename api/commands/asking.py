"""Who uses the command line."""

import getpass


def who() -> str:
    """Return who asks, for the audit log."""
    return f"{getpass.getuser()} (command line)"
