-- What was typed, as the steps of a search need it. A part that does not apply is null, and its step is left out.
CREATE TYPE search.query AS (
    words  text[],        -- in normal form
    key         text,     -- all of it in normal form without spaces, and the end of what starts with it
    key_end     text,
    number      text,     -- the key, when there is a digit or a Latin letter in it
    word        text,     -- the key, when it is one word
    name_start  text,     -- the key, where names are looked up by their start
    kana        text,     -- the key, when it is all kana
    kana_word   text,
    romaji      text,     -- the key in canonical romaji
    romaji_word text,
    romaji_start     text,
    romaji_start_end text,
    by_name     tsquery,  -- several words: all in the name; all in kana or romaji
    by_reading  tsquery,
    by_place    tsquery,  -- all in the workplace; null until `search.with_lexemes`
    by_any      tsquery,  -- each anywhere in the record: whatever is found at all matches this; null until then
    telling     tsquery   -- of that, what tells most of several words; null where it is all
);

-- The records asked for; null filters do not apply.
CREATE TYPE search.scope AS (
    tables      smallint[],
    statuses    text[],
    year        int,
    employed_on date,
    records     int,      -- how many there are in those tables, as last counted
    glance      int,      -- how many of the newest to look at first; 0 where that is known to be in vain
    seen        int[],    -- what each step matches of those, and how many they were; see `search.seen`
    starting    int[]     -- how many terms of each kind begin so, up to a crowd; see `search.starting`
);

-- A record found, and its place in the order: rank, then newer before older.
CREATE TYPE search.hit AS (
    rank     smallint,
    older    boolean,     -- a leave account of a year before that person's newest
    moment   timestamptz,
    id       text,
    table_no smallint
);

-- The query of a text, without what is only for GIN, which a page of what begins so does not need.
CREATE FUNCTION search.parse(typed text) RETURNS search.query
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    q search.query;
BEGIN
    -- Folding twice changes nothing; the legal form has to go before the words are told apart: Co., Ltd.
    typed := search.folded(typed);
    q.words := ARRAY(
        SELECT search.normal(word)
        FROM   regexp_split_to_table(typed COLLATE "C", '[ \t\n\r\f\v]+') AS word
        WHERE  search.normal(word) <> ''
    );
    IF cardinality(q.words) = 0 THEN
        RETURN q;
    END IF;
    q.key := replace(array_to_string(q.words, ''), ' ', '');
    q.key_end := q.key || U&'\+10FFFF';
    q.romaji := (search.romaji_looked_up(array_to_string(q.words, ' ')))[1];
    q.romaji_start := search.romaji_start(q.key);
    q.romaji_start_end := q.romaji_start || U&'\+10FFFF';
    IF q.key COLLATE "C" ~ '^[ぁ-ゖー]+$' THEN
        q.kana := q.key;
    ELSIF q.key COLLATE "C" ~ '[0-9a-z]' THEN
        q.number := q.key;
    END IF;
    -- One kana is the start of a reading, whether or not the name is written in kana.
    IF q.kana IS NULL OR length(q.kana) > 1 THEN
        q.name_start := q.key;
    END IF;
    IF cardinality(q.words) = 1 THEN
        q.word := q.name_start;
        q.kana_word := q.kana;
        q.romaji_word := q.romaji;
    ELSE
        q.by_name := search.all_of(q.words, 'n');
        q.by_reading := CASE WHEN q.romaji IS NOT NULL THEN search.all_of(q.words, 'k') END;
    END IF;
    RETURN q;
END
$$;

-- The query with what is looked up in GIN.
CREATE FUNCTION search.with_lexemes(q search.query) RETURNS search.query
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
BEGIN
    q.by_place := search.all_of(q.words, 'w');
    q.by_any := search.all_of(q.words, 'nkwo');
    -- Joined words too, since whatever a rank takes in must match this. What is not ASCII is in pairs as it is.
    IF (q.romaji IS NOT NULL OR q.number IS NOT NULL) AND q.key <> array_to_string(q.words, ' ') THEN
        q.by_any := q.by_any || search.word_query(q.key, 'nkw')::tsquery;
    ELSIF cardinality(q.words) > 1 THEN
        q.telling := search.telling(q.words);
    END IF;
    RETURN q;
END
$$;

-- What tells most of long words: the pairs of letters where kanji and kana meet, else every other pair from the second
-- on. Most are made of words of two letters, which many records have, and few have these two side by side. GIN would
-- read the long lists of the others to their ends. Null where no word is long.
CREATE FUNCTION search.telling(words text[]) RETURNS tsquery
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    word   text;
    pairs  text[];
    result text[] := '{}';
    fewer  boolean := false;
BEGIN
    FOREACH word IN ARRAY words LOOP
        IF length(word) < 4 OR word COLLATE "C" ~ '[ -~]' OR search.romaji_start(word) IS NOT NULL THEN
            result := result || search.word_query(word, 'nkwo');
            CONTINUE;
        END IF;
        pairs := ARRAY(
            SELECT substr(word, i, 2)
            FROM   generate_series(1, length(word) - 1) AS i
            WHERE  substr(word, i, 2) COLLATE "C" ~ '[ぁ-ゖー][^ぁ-ゖー]|[^ぁ-ゖー][ぁ-ゖー]');
        IF pairs = '{}' THEN
            pairs := ARRAY(SELECT substr(word, i, 2) FROM generate_series(2, length(word) - 1, 2) AS i);
        END IF;
        result := result || ARRAY(SELECT search.from_any(pair, 'nkwo', '') FROM unnest(pairs) AS pair);
        fewer := true;
    END LOOP;
    RETURN CASE WHEN fewer THEN array_to_string(result, ' & ')::tsquery END;
END
$$;

-- How many records there are in these tables, as they were last counted.
CREATE FUNCTION search.records(tables smallint[]) RETURNS int
LANGUAGE plpgsql STABLE PARALLEL SAFE AS $$
BEGIN
    RETURN (
        SELECT sum(greatest(c.reltuples, 0))
        FROM   unnest(tables) AS table_no
        JOIN   pg_catalog.pg_class c
          ON   c.oid = ('{public.employees,public.genzai,public.ukeoi,public.staff}'::regclass[])[table_no]);
END
$$;
