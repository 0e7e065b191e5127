"""What PostGraphile shows of the database: two functions that give hits of ten fields."""

# The first calls this project's own search; the second is what one writes who has read the manual: every column in one
# vector, ranked by ts_rank. What they give is the same ten fields.
FUNCTIONS = """
    CREATE SCHEMA IF NOT EXISTS peer;
    DROP FUNCTION IF EXISTS peer.hits(text, int);
    DROP FUNCTION IF EXISTS peer.plain_hits(text, int);
    DROP TYPE IF EXISTS peer.hit;
    CREATE TYPE peer.hit AS (
        score float8, record_id text, in_table text, employee_num text, name text,
        kana text, status text, last_updated timestamptz, workplace text, hire_date date
    );
    CREATE FUNCTION peer.hits(query text, how_many int) RETURNS SETOF peer.hit
    LANGUAGE sql STABLE AS $$
        SELECT hit.score, hit.id, (ARRAY['EMPLOYEES', 'GENZAI', 'UKEOI', 'STAFF'])[hit.table_no],
               coalesce(e.employee_num, g.employee_num, u.employee_num, s.employee_num),
               coalesce(e.name, g.name, u.name, s.name), coalesce(g.kana, u.kana, s.kana),
               coalesce(g.status, u.status, s.status),
               coalesce(e.last_updated, g.last_updated, u.last_updated, s.last_updated),
               coalesce(e.haken, g.dispatch_name, u.contract_business, s.office),
               coalesce(g.hire_date, u.hire_date, s.hire_date)
        FROM   search.page(query, ARRAY[1, 2, 3, 4]::smallint[], NULL, NULL, NULL, how_many + 1,
                           NULL, NULL, NULL, NULL, NULL) WITH ORDINALITY AS hit
                   (rank, older, moment, id, table_no, score, place)
        LEFT   JOIN public.employees e ON e.id = CASE hit.table_no WHEN 1 THEN hit.id END
        LEFT   JOIN public.genzai g ON g.id = CASE hit.table_no WHEN 2 THEN hit.id END
        LEFT   JOIN public.ukeoi u ON u.id = CASE hit.table_no WHEN 3 THEN hit.id END
        LEFT   JOIN public.staff s ON s.id = CASE hit.table_no WHEN 4 THEN hit.id END
        WHERE  hit.place <= how_many
        ORDER  BY hit.place
    $$;

    CREATE FUNCTION peer.plain_hits(query text, how_many int) RETURNS SETOF peer.hit
    LANGUAGE sql STABLE AS $$
        SELECT * FROM (
            SELECT ts_rank(plain, q)::float8, t.id, 'EMPLOYEES', t.employee_num, t.name, NULL::text, NULL::text,
                   t.last_updated, t.haken, NULL::date
            FROM   plainto_tsquery('simple', query) AS q, public.plain_employees p
            JOIN   public.employees t USING (id) WHERE plain @@ q
            UNION  ALL
            SELECT ts_rank(plain, q), t.id, 'GENZAI', t.employee_num, t.name, t.kana, t.status,
                   t.last_updated, t.dispatch_name, t.hire_date
            FROM   plainto_tsquery('simple', query) AS q, public.plain_genzai p
            JOIN   public.genzai t USING (id) WHERE plain @@ q
            UNION  ALL
            SELECT ts_rank(plain, q), t.id, 'UKEOI', t.employee_num, t.name, t.kana, t.status,
                   t.last_updated, t.contract_business, t.hire_date
            FROM   plainto_tsquery('simple', query) AS q, public.plain_ukeoi p
            JOIN   public.ukeoi t USING (id) WHERE plain @@ q
            UNION  ALL
            SELECT ts_rank(plain, q), t.id, 'STAFF', t.employee_num, t.name, t.kana, t.status,
                   t.last_updated, t.office, t.hire_date
            FROM   plainto_tsquery('simple', query) AS q, public.plain_staff p
            JOIN   public.staff t USING (id) WHERE plain @@ q
        ) AS found
        ORDER BY 1 DESC
        LIMIT  how_many
    $$;
"""
