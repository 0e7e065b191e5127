from datetime import datetime

from sqlalchemy import SmallInteger
from sqlmodel import Field

from db.tables import columns


class Heartbeat(columns.Row, table=True):
    """The one row whose age on a replica is the replica's lag."""

    __tablename__ = "replication_heartbeat"
    __table_args__ = (columns.check("single_row", "id = 1"),)

    id: int = Field(default=1, primary_key=True, sa_type=SmallInteger, sa_column_kwargs={"autoincrement": False})
    beat_at: datetime = columns.moment()
