"""What can be changed, by what it is about; schema/mutation.py puts it together."""
