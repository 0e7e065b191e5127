"""The names of the operations that have to do with restores; all are done in one lane, one after the other."""

RESTORE, PROMOTE, DISCARD, ROLL_BACK = "restore", "promote-restore", "discard-restore", "rollback-restore"
TIDY = "tidy-restores"
# Those that are about one run.
ALL = (RESTORE, PROMOTE, DISCARD, ROLL_BACK)
LANE = "restore"
