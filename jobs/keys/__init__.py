"""Keys: what is under which, and bringing everything under the current one."""
