"""A sample: realistic rows about people who do not exist, the same for the same size and seed."""

from jobs.data.sample.loading import DEFAULT_SEED, MOST_ROWS, NotEmptyError, load

__all__ = ["DEFAULT_SEED", "MOST_ROWS", "NotEmptyError", "load"]
