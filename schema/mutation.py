"""The root of all that changes something. Everything here is in the audit log."""

import strawberry

from schema.mutations.accounts import AccountMutations
from schema.mutations.alert_tests import AlertTestMutations
from schema.mutations.alerts import AlertMutations
from schema.mutations.backups import BackupMutations
from schema.mutations.baselines import BaselineMutations


@strawberry.type(description="Everything that can be changed.")
class Mutation(BackupMutations, AlertMutations, AlertTestMutations, BaselineMutations, AccountMutations):
    pass
