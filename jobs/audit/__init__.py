"""The audit log: how it is written beside the requests it tells of, and how it is proven."""
