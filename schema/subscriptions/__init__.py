"""What can be followed, by what it is about; schema/subscription.py puts it together."""
