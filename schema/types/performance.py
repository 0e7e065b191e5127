"""How fast the database is, as jobs.performance tells it."""

from datetime import datetime
from typing import Annotated, Self

import strawberry

from db.errors import BadInputError
from jobs import performance
from schema.arguments import First
from schema.context import Info
from schema.paging import require_size
from schema.scalars import BigInt

LONGEST_MS = 3_600_000


@strawberry.type(description="A kind of statement with what its calls took, on all servers together.")
class SlowQuery:
    query_id: str = strawberry.field(description="PostgreSQL's identifier of it.")
    query: str = strawberry.field(description="Its text, with $1 and so on for values; cut at 4,000 characters.")
    calls: BigInt = strawberry.field(description="How often it was called.")
    mean_ms: float = strawberry.field(description="What a call takes on average.")
    max_ms: float = strawberry.field(description="What the longest took.")
    total_ms: float = strawberry.field(description="What all took.")
    rows: BigInt = strawberry.field(description="Rows it returned or changed.")
    cache_hit_ratio: float | None = strawberry.field(description="Share of blocks found in memory, 0 to 1.")

    @classmethod
    def of(cls, slow: performance.SlowQuery) -> Self:
        statement = slow.statement
        return cls(
            query_id=statement.query_id,
            query=statement.query,
            calls=BigInt(statement.calls),
            mean_ms=statement.mean_ms,
            max_ms=statement.max_ms,
            total_ms=statement.total_ms,
            rows=BigInt(statement.rows),
            cache_hit_ratio=slow.cache_hit_ratio,
        )


@strawberry.type(description="A table: what is in it, and how it is read.")
class TableStatistics:
    name: str = strawberry.field(description="Its name.")
    live_rows: BigInt = strawberry.field(description="Rows, nearly.")
    dead_rows: BigInt = strawberry.field(description="Rows that were deleted or replaced and are not cleared away yet.")
    bloat_percent: float = strawberry.field(description="Percent of the table that is dead space.")
    bloat_is_estimate: bool = strawberry.field(
        description="Whether bloatPercent was not measured (by pgstattuple), and is from the planner's statistics."
    )
    total_bytes: BigInt = strawberry.field(description="Size with its indexes and all that belongs to it.")
    sequential_scans: BigInt = strawberry.field(description="How often it was read as a whole, on all servers.")
    index_scans: BigInt = strawberry.field(description="How often it was read by an index, on all servers.")
    last_vacuum: datetime | None = strawberry.field(description="When it was last vacuumed, by itself or by hand.")
    last_analyze: datetime | None = strawberry.field(description="When it was last analysed, by itself or by hand.")

    @classmethod
    def of(cls, use: performance.TableUse) -> Self:
        table = use.table
        return cls(
            name=table.name,
            live_rows=BigInt(table.live_rows),
            dead_rows=BigInt(table.dead_rows),
            bloat_percent=table.bloat_percent or 0.0,
            bloat_is_estimate=table.bloat_is_estimate or table.bloat_percent is None,
            total_bytes=BigInt(table.total_bytes),
            sequential_scans=BigInt(use.sequential_scans),
            index_scans=BigInt(use.index_scans),
            last_vacuum=table.last_vacuum,
            last_analyze=table.last_analyze,
        )


@strawberry.type(description="An index, and whether it is of use.")
class IndexStatistics:
    name: str = strawberry.field(description="Its name.")
    table: str = strawberry.field(description="The table it is on.")
    definition: str = strawberry.field(description="The statement that makes it.")
    scans: BigInt = strawberry.field(description="How often it was used, on all servers.")
    size_bytes: BigInt = strawberry.field(description="Its size.")
    is_unique: bool = strawberry.field(description="Whether it keeps values unique.")
    is_valid: bool = strawberry.field(description="False when it was not built to its end, and serves nobody.")
    unused: bool = strawberry.field(
        description="Never scanned since statistics began, and not needed for a constraint."
    )
    duplicate_of: str | None = strawberry.field(description="Another index with the same definition, which is enough.")

    @classmethod
    def of(cls, use: performance.IndexUse) -> Self:
        index = use.index
        return cls(
            name=index.name,
            table=index.table,
            definition=index.definition,
            scans=BigInt(use.scans),
            size_bytes=BigInt(index.size_bytes),
            is_unique=index.is_unique,
            is_valid=index.is_valid,
            unused=use.unused,
            duplicate_of=index.duplicate_of,
        )


@strawberry.type(description="An index that slow statements would gain by.")
class IndexSuggestion:
    table: str = strawberry.field(description="The table it would be on.")
    columns: list[str] = strawberry.field(description="Its columns, in this order.")
    statement: str = strawberry.field(description="The statement that makes it, without stopping anybody's writes.")
    reason: str = strawberry.field(description="Which statement wants it, and why.")
    cost_before: float | None = strawberry.field(
        description="Planner cost of that statement now; null where it could not be tried: HypoPG is not there."
    )
    cost_after: float | None = strawberry.field(description="And with the index.")

    @classmethod
    def of(cls, suggestion: performance.Suggestion) -> Self:
        return cls(
            table=suggestion.table,
            columns=list(suggestion.columns),
            statement=suggestion.statement,
            reason=suggestion.reason,
            cost_before=suggestion.cost_before,
            cost_after=suggestion.cost_after,
        )


@strawberry.type(description="How PostgreSQL does a statement, or would do it.")
class QueryPlan:
    text: str = strawberry.field(description="The plan for people, nearly as psql shows it.")
    json: str = strawberry.field(description="The plan for programs, as EXPLAIN (FORMAT JSON) gives it.")
    total_cost: float = strawberry.field(description="What the planner expects it to cost, in its own unit.")
    execution_ms: float | None = strawberry.field(description="What it took, when it was run.")
    sequential_scans: list[str] = strawberry.field(description="The tables it reads as a whole.")
    advice: list[str] = strawberry.field(description="What to do about it, in words; empty when nothing is wrong.")

    @classmethod
    def of(cls, plan: performance.QueryPlan) -> Self:
        return cls(
            text=plan.text,
            json=plan.json,
            total_cost=plan.total_cost,
            execution_ms=plan.execution_ms,
            sequential_scans=plan.sequential_scans,
            advice=plan.advice,
        )


@strawberry.type(description="How fast the database is, and what to look at.")
class PerformanceReport:
    report: strawberry.Private[performance.Report]

    @strawberry.field(description="When it was measured.")
    def taken_at(self) -> datetime:
        return self.report.taken_at

    @strawberry.field(description="When the server's counters were last reset.")
    def since(self) -> datetime | None:
        return self.report.since

    @strawberry.field(
        description="Share of blocks found in memory between the last two looks, 0 to 1; null where there was one look."
    )
    def cache_hit_ratio(self) -> float | None:
        return self.report.cache_hit_ratio

    @strawberry.field(description="What could not be measured, and why; empty when all was.")
    def unavailable(self) -> list[str]:
        return list(self.report.unavailable)

    @strawberry.field(
        description="Statements slower than the threshold on average, slowest first; an error where no server has "
        "pg_stat_statements, since none found would be another thing."
    )
    def slow_queries(
        self,
        threshold_ms: Annotated[
            float, strawberry.argument(description="From which mean time on, in milliseconds: 0 to 3,600,000.")
        ] = 100,
        first: First = 20,
    ) -> list[SlowQuery]:
        require_size(first)
        if not 0 <= threshold_ms <= LONGEST_MS:
            raise BadInputError(f"thresholdMs is from 0 to {LONGEST_MS:,}.")
        return [SlowQuery.of(each) for each in self.report.slow_queries(threshold_ms=threshold_ms, first=first)]

    @strawberry.field(description="The tables, largest first.")
    def tables(self) -> list[TableStatistics]:
        return [TableStatistics.of(each) for each in self.report.tables]

    @strawberry.field(description="The indexes, largest first.")
    def indexes(self) -> list[IndexStatistics]:
        return [IndexStatistics.of(each) for each in self.report.indexes]

    @strawberry.field(description="Indexes that slow statements would gain by, at most five; an error as slowQueries.")
    async def index_suggestions(self, info: Info) -> list[IndexSuggestion]:
        found = await performance.suggest(info.context.engines, self.report.counted())
        return [IndexSuggestion.of(each) for each in found]
