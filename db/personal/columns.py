"""Which columns are personal, as the tables declare them (`columns.personal`)."""

from collections.abc import Mapping

from db.tables import METADATA
from db.tables.personal import Kind

# By table, in the order of its columns.
PERSONAL: Mapping[str, Mapping[str, Kind]] = {
    str(table.name): found
    for table in METADATA.sorted_tables
    if (found := {str(column.name): column.info["personal"] for column in table.columns if "personal" in column.info})
}
