"""What can be read, by what it is about; schema/query.py puts it together."""
