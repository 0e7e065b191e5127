-- A page of hits, best first, that come after `a`; null for the first page. A few more than `n` may come, where they tie.
CREATE FUNCTION search.hits(typed text, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE
SET enable_seqscan = off SET enable_bitmapscan = off SET jit = off SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    q     search.query := search.parse(typed);
    hits  search.hit[];
    short int;
BEGIN
    IF q.key IS NULL THEN
        RETURN;
    END IF;
    s.glance := search.glance(s.tables);
    IF a.rank IS NULL THEN
        a := (0, false, 'infinity', '', 0);
    END IF;
    IF search.fills_page(q, s, n) THEN
        -- Of several words, or of a workplace, hardly anything is to be found before that page.
        IF q.word IS NULL THEN
            s.glance := 0;
        END IF;
    ELSE
        -- The first glance is short, because most queries are rare. Where there are many records, one hit in it is many.
        short := least(s.glance / 2, 700);
        s.seen := search.seen(q, s, short, n);
        IF s.seen[4] = 0 THEN
            hits := search.all_of_few(q, s, a);
        END IF;
        IF hits IS NULL AND s.seen[4] <= 2 THEN
            s.seen := search.seen(q, s, s.glance, n);
        ELSIF s.seen IS NOT NULL THEN
            s.glance := short;
        END IF;
        IF s.seen[4] = 0 THEN
            s.glance := 0;
        END IF;
    END IF;
    IF hits IS NULL THEN
        RETURN QUERY SELECT * FROM search.step_by_step(q, s, a, n);
    ELSE
        RETURN QUERY SELECT * FROM unnest(hits) LIMIT n;
    END IF;
END
$$;

-- The long way, for what is common: each rank from its own index, and only while the page is short.
-- Older leave accounts come after everything else.
CREATE FUNCTION search.step_by_step(q search.query, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
DECLARE
    begin_at search.hit := a;
    known    text[] := search.known(q, s);
    missing  int := n;
    came     int;
BEGIN
    FOR age IN a.older::int .. 1 LOOP
        IF age = 1 THEN
            EXIT WHEN s.year IS NOT NULL OR NOT 1 = ANY (s.tables);
            s.tables := '{1}';
            s.seen := NULL;
        END IF;
        FOR step IN greatest(begin_at.rank, 1) .. 15 LOOP
            IF begin_at.rank <> step THEN
                begin_at := (step, age = 1, 'infinity', '', 0);
            END IF;
            RETURN QUERY SELECT * FROM search.step(step, known, q, s, begin_at, missing);
            GET DIAGNOSTICS came = ROW_COUNT;
            missing := missing - came;
            IF missing <= 0 THEN
                RETURN;
            END IF;
        END LOOP;
        begin_at := (0, true, 'infinity', '', 0);
    END LOOP;
END
$$;

-- The hits of one rank; none where the query has nothing that the rank looks up, or nothing known begins with it.
CREATE FUNCTION search.step(step int, known text[], q search.query, s search.scope, a search.hit, n int)
RETURNS SETOF search.hit
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    IF step = 1 AND 'number_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.number_is(q, s, a, n);
    ELSIF step = 2 AND 'name_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.name_is(q, s, a, n);
    ELSIF step = 3 AND q.word IS NOT NULL AND 'name_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.name_has_word(q, s, a, n);
    ELSIF step = 3 AND q.by_name IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.name_has_all(q, s, a, n);
    ELSIF step = 4 AND 'name_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.name_starts(q, s, a, n);
    ELSIF step = 5 AND 'number_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.number_starts(q, s, a, n);
    ELSIF step = 6 AND 'kana_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.kana_is(q, s, a, n);
    ELSIF step = 7 AND q.kana_word IS NOT NULL AND 'kana_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.kana_has_word(q, s, a, n);
    ELSIF step = 8 AND 'kana_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.kana_starts(q, s, a, n);
    ELSIF step = 9 AND 'romaji_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.romaji_is(q, s, a, n);
    ELSIF step = 10 AND q.romaji_word IS NOT NULL AND 'romaji_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.romaji_has_word(q, s, a, n);
    ELSIF step = 10 AND q.by_reading IS NOT NULL THEN
        RETURN QUERY SELECT * FROM search.reading_has_all(q, s, a, n);
    ELSIF step = 11 AND 'romaji_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.romaji_starts(q, s, a, n);
    ELSIF step = 12 AND 'place_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.place_is(q, s, a, n);
    ELSIF step = 13 AND 'place_starts' = ANY (known) THEN
        RETURN QUERY SELECT * FROM search.place_starts(q, s, a, n);
    ELSIF step = 14 THEN
        RETURN QUERY SELECT * FROM search.place_has_all(q, s, a, n);
    ELSIF step = 15 THEN
        RETURN QUERY SELECT * FROM search.record_has_all(q, s, a, n);
    END IF;
END
$$;

-- A page of hits in their order: what the application calls. Tables are numbered 1 employees, 2 genzai, 3 ukeoi, 4 staff;
-- all `after_` are null for the first page, otherwise those of the last hit seen. Of scores, higher is better: by rank
-- alone, since within a rank newer comes first; older leave accounts are below all others.
CREATE FUNCTION search.page(
    typed          text,
    tables         smallint[]  DEFAULT '{1,2,3,4}',
    statuses       text[]      DEFAULT NULL,
    year           int         DEFAULT NULL,
    employed_on    date        DEFAULT NULL,
    n              int         DEFAULT 20,
    after_rank     smallint    DEFAULT NULL,
    after_older    boolean     DEFAULT NULL,
    after_moment   timestamptz DEFAULT NULL,
    after_id       text        DEFAULT NULL,
    after_table_no smallint    DEFAULT NULL
)
RETURNS TABLE (rank smallint, older boolean, moment timestamptz, id text, table_no smallint, score float8)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 20 AS $$
#variable_conflict use_column
DECLARE
    s search.scope := (tables, statuses, year, employed_on, NULL, NULL);
    a search.hit := (after_rank, after_older, after_moment, after_id, after_table_no);
BEGIN
    RETURN QUERY
        SELECT h.rank, h.older, h.moment, h.id, h.table_no,
               CASE WHEN h.older THEN (16 - h.rank) / 320.0 ELSE (16 - h.rank) / 16.0 END::float8
        FROM   search.hits(typed, s, a, n) h
        ORDER  BY h.older, h.rank, h.moment DESC, h.id DESC, h.table_no DESC
        LIMIT  n;
END
$$;

-- How many records match, table by table; counting stops at `most` in each.
CREATE FUNCTION search.counts(
    typed       text,
    tables      smallint[] DEFAULT '{1,2,3,4}',
    statuses    text[]     DEFAULT NULL,
    year        int        DEFAULT NULL,
    employed_on date       DEFAULT NULL,
    most        int        DEFAULT 1000
)
RETURNS TABLE (table_no smallint, records bigint)
LANGUAGE plpgsql STABLE PARALLEL SAFE ROWS 4
SET enable_seqscan = off SET enable_indexscan = off SET enable_indexonlyscan = off SET jit = off
SET plan_cache_mode = force_generic_plan AS $$
DECLARE
    q search.query := search.parse(typed);
BEGIN
    FOREACH table_no IN ARRAY tables LOOP
        records := search.count(q, ROW(ARRAY[table_no], statuses, year, employed_on, NULL, NULL)::search.scope, most);
        RETURN NEXT;
    END LOOP;
END
$$;
