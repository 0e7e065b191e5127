"""The root of everything that is told as it happens."""

import strawberry

from schema.subscriptions.alerts import AlertSubscriptions
from schema.subscriptions.health import HealthSubscriptions
from schema.subscriptions.operations import OperationSubscriptions


@strawberry.type(description="Everything that can be followed.")
class Subscription(OperationSubscriptions, AlertSubscriptions, HealthSubscriptions):
    pass
