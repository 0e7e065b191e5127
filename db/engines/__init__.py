"""Which engine answers: reads a healthy replica that is fresh enough, else the primary; writes the primary."""

from db.engines.answer import Answer, EngineRole
from db.engines.engines import Engines
from db.engines.node import Node
from db.engines.options import EngineOptions
from db.engines.reads import PoolUsage
from db.engines.standing import Standing
from db.engines.writes import WriteSession

__all__ = ["Answer", "EngineOptions", "EngineRole", "Engines", "Node", "PoolUsage", "Standing", "WriteSession"]
