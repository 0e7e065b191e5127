"""The worker: takes operations from the queue, one at a time per lane, and goes on where a dead one stopped."""
