"""Statements of a survey: what costs more to measure, and changes slowly."""

from typing import Final

HAS_PGSTATTUPLE: Final = "SELECT to_regproc('pgstattuple_approx') IS NOT NULL"

# Tables whose pages can be looked at.
MEASURABLE: Final = """
    SELECT relid, relid::regclass::text AS name
    FROM   pg_stat_user_tables JOIN pg_class ON pg_class.oid = relid
    WHERE  relkind IN ('r', 'm')
    ORDER  BY pg_relation_size(relid) DESC
    LIMIT  500
"""

BLOAT: Final = "SELECT dead_tuple_percent + approx_free_percent FROM pgstattuple_approx($1::oid::regclass)"

# What the rows that the planner believes in would fill, by the average widths of their columns: a page has a header of
# 24 bytes, a row one of 28 with the pointer to it, and rows begin at multiples of eight.
ESTIMATED_BLOAT: Final = """
    SELECT pg_class.oid::regclass::text AS name,
           CASE WHEN relpages = 0 OR reltuples <= 0 THEN 0
                ELSE greatest(0, 100 * (1 - ceil(reltuples * (28 + 8 * ceil(width / 8.0)) / (8192 - 24)) / relpages))
           END::float8 AS bloat_percent
    FROM   pg_class
           JOIN pg_stat_user_tables ON relid = pg_class.oid
           JOIN LATERAL (
               SELECT sum((1 - null_frac) * avg_width) AS width
               FROM   pg_stats
               WHERE  pg_stats.schemaname = pg_stat_user_tables.schemaname
               AND    tablename = pg_stat_user_tables.relname
               AND    NOT inherited
           ) AS columns ON width IS NOT NULL
    WHERE  relkind IN ('r', 'm')
"""

# An index is a duplicate of the one with the same definition that has to stay, or came first. One that is dropped at
# that moment has neither definition nor size.
INDEXES: Final = """
    WITH known AS (
        SELECT pg_index.*,
               EXISTS (SELECT FROM pg_constraint
                       WHERE  conindid = indexrelid AND contype IN ('p', 'u', 'x')) AS for_constraint,
               (indrelid, relam, indkey::text, indclass::text, indcollation::text, indoption::text,
                coalesce(pg_get_expr(indexprs, indrelid), ''),
                coalesce(pg_get_expr(indpred, indrelid), ''))::text                 AS shape
        FROM   pg_index JOIN pg_class ON pg_class.oid = indexrelid
        WHERE  indislive
    )
    SELECT indexrelid::regclass::text                   AS name,
           known.indrelid::regclass::text               AS table,
           coalesce(pg_get_indexdef(indexrelid), '')    AS definition,
           coalesce(idx_scan, 0)                        AS scans,
           coalesce(pg_relation_size(indexrelid), 0)    AS size_bytes,
           indisunique                                  AS is_unique,
           indisvalid                                   AS is_valid,
           for_constraint                               AS constraint,
           (SELECT twin.indexrelid::regclass::text
            FROM   known AS twin
            WHERE  twin.shape = known.shape
            AND    twin.indisvalid AND known.indisvalid
            AND    (NOT twin.for_constraint, NOT twin.indisunique, twin.indexrelid)
                 < (NOT known.for_constraint, NOT known.indisunique, known.indexrelid)
            ORDER  BY NOT twin.for_constraint, NOT twin.indisunique, twin.indexrelid
            LIMIT  1)                                   AS duplicate_of
    FROM   known JOIN pg_stat_user_indexes USING (indexrelid)
    ORDER  BY size_bytes DESC, name
    LIMIT  1000
"""

# A sequence ends where its type does, or that of the column it is for. One that begins anew never does.
SEQUENCES: Final = """
    SELECT format('%I.%I', schemaname, sequencename) AS name,
           (100.0 * (last_value - min_value)
                  / greatest(1, least(max_value, widest) - min_value))::float8 AS used_percent
    FROM   pg_sequences,
           LATERAL (
               SELECT min(CASE atttypid WHEN 'int2'::regtype THEN 32767
                                        WHEN 'int4'::regtype THEN 2147483647
                                        ELSE 9223372036854775807 END) AS widest
               FROM   pg_depend
                      JOIN pg_attribute ON attrelid = refobjid AND attnum = refobjsubid
               WHERE  objid = format('%I.%I', schemaname, sequencename)::regclass
               AND    classid = 'pg_class'::regclass
               AND    refclassid = 'pg_class'::regclass
               AND    deptype IN ('a', 'i')
           ) AS owner
    WHERE  last_value IS NOT NULL
    AND    NOT cycle
    AND    increment_by > 0
    ORDER  BY used_percent DESC, name
    LIMIT  100
"""

TRANSACTION_AGES: Final = """
    SELECT datname AS database, age(datfrozenxid) AS age
    FROM   pg_database
    WHERE  datallowconn
    ORDER  BY age DESC
"""
