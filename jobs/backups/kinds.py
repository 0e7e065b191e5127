"""The names of the operations that have to do with backups; all are done in one lane, one after the other."""

BACKUP, VERIFY = "backup", "verify-backup"
LANE = "backup"
