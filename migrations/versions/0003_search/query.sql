-- What was typed, as the steps of a search need it. A part that does not apply is null, and its step is left out.
CREATE TYPE search.query AS (
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
    by_place    tsquery,  -- all in the workplace
    by_any      tsquery   -- each anywhere in the record: whatever is found at all matches this
);

-- The records asked for; null filters do not apply.
CREATE TYPE search.scope AS (
    tables      smallint[],
    statuses    text[],
    year        int,
    employed_on date,
    glance      int,      -- how many of the newest records to look at first; 0 where that is known to be in vain
    seen        int[]     -- of those, how many match by name, reading, place and anywhere; null for a page and more
);

-- A record found, and its place in the order: rank, then newer before older.
CREATE TYPE search.hit AS (
    rank     smallint,
    older    boolean,     -- a leave account of a year before that person's newest
    moment   timestamptz,
    id       text,
    table_no smallint
);

CREATE FUNCTION search.all_of(words text[], origins text) RETURNS tsquery
LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE AS $$
    SELECT string_agg(search.word_query(word, origins), ' & ')::tsquery FROM unnest(words) AS word
$$;

CREATE FUNCTION search.parse(typed text) RETURNS search.query
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    q     search.query;
    words text[];
BEGIN
    -- Folding twice changes nothing; the legal form has to go before the words are told apart: Co., Ltd.
    typed := search.folded(typed);
    words := ARRAY(
        SELECT search.normal(word)
        FROM   regexp_split_to_table(typed COLLATE "C", '[ \t\n\r\f\v]+') AS word
        WHERE  search.normal(word) <> ''
    );
    IF cardinality(words) = 0 THEN
        RETURN q;
    END IF;
    q.key := replace(array_to_string(words, ''), ' ', '');
    q.key_end := q.key || U&'\+10FFFF';
    q.romaji := (search.romaji_looked_up(array_to_string(words, ' ')))[1];
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
    IF cardinality(words) = 1 THEN
        q.word := q.name_start;
        q.kana_word := q.kana;
        q.romaji_word := q.romaji;
    ELSE
        q.by_name := search.all_of(words, 'n');
        q.by_reading := CASE WHEN q.romaji IS NOT NULL THEN search.all_of(words, 'k') END;
    END IF;
    q.by_place := search.all_of(words, 'w');
    q.by_any := search.all_of(words, 'nkwo');
    -- Joined words too, since whatever a rank takes in must match this. What is not ASCII is in pairs as it is.
    IF (q.romaji IS NOT NULL OR q.number IS NOT NULL) AND q.key <> array_to_string(words, ' ') THEN
        q.by_any := q.by_any || search.word_query(q.key, 'nkw')::tsquery;
    END IF;
    RETURN q;
END
$$;
