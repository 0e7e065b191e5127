"""The root of all that changes something. Everything here is in the audit log."""

import strawberry

from schema.mutations.accounts import AccountMutations
from schema.mutations.backups import BackupMutations


@strawberry.type(description="Everything that can be changed.")
class Mutation(BackupMutations, AccountMutations):
    pass
