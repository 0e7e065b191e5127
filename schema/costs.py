"""What fields cost, as the schema declares it: `@cost` in the SDL."""

import strawberry
from strawberry import UNSET
from strawberry.schema_directive import Location

# A root field is a statement or more; any other is a value to write.
ROOT_WEIGHT = 10
WEIGHT = 1
# How many items a list has of which nothing is known.
LIST_SIZE = 10


@strawberry.schema_directive(
    locations=[Location.FIELD_DEFINITION],
    description=(
        "What a field costs where it is not the usual: 10 for a root field, 1 for any other, and for a list "
        "its items as many times as `first` says, or else 10 times."
    ),
)
class Cost:
    weight: int | None = strawberry.field(default=UNSET, description="The cost of the field itself.")
    size: int | None = strawberry.field(default=UNSET, description="How many items the list is taken to have.")
    item: int | None = strawberry.field(
        default=UNSET, description="The cost of each item itself; 1 where it is not said."
    )
