-- Romaji: kana, and every way of writing them in Latin letters, come to one canonical spelling.
-- It is not for reading: close to Kunrei, without long vowels, apostrophes and hyphens.

-- Latin letters, in lower case and without marks, to canonical romaji.
CREATE FUNCTION search.romaji_of_latin(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    value := replace(replace(value, 'tch', 'tt'), 'cch', 'tt');
    value := replace(replace(replace(value, 'shi', 'si'), 'sh', 'sy'), 'syy', 'sy');
    value := replace(replace(replace(value, 'chi', 'ti'), 'ch', 'ty'), 'tyy', 'ty');
    value := replace(replace(value, 'tsu', 'tu'), 'ts', 't');
    value := replace(replace(replace(value, 'dz', 'z'), 'du', 'zu'), 'di', 'zi');
    value := replace(replace(replace(value, 'ji', 'zi'), 'jy', 'zy'), 'j', 'zy');
    value := translate(value, 'flvcq', 'hrbkk');
    value := replace(replace(replace(value, 'wo', 'o'), 'wi', 'i'), 'we', 'e');
    value := replace(replace(replace(value, 'mb', 'nb'), 'mp', 'np'), 'mm', 'nm');
    IF value LIKE '%oh%' THEN
        value := regexp_replace(value COLLATE "C", 'oh(?![aiueoy])', 'o', 'g');
    END IF;
    RETURN search.short_vowels(value);
END
$$;

CREATE FUNCTION search.short_vowels(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF value COLLATE "C" ~ 'o[ou]|uu|aa|ii|ee' THEN
        value := regexp_replace(value COLLATE "C", 'o[ou]+', 'o', 'g');
        value := regexp_replace(value COLLATE "C", 'uu+', 'u', 'g');
        value := regexp_replace(value COLLATE "C", 'aa+', 'a', 'g');
        value := regexp_replace(value COLLATE "C", 'ii+', 'i', 'g');
        value := regexp_replace(value COLLATE "C", 'ee+', 'e', 'g');
    END IF;
    RETURN value;
END
$$;

-- Hiragana to canonical romaji. Three letters stand for each kana of the list; '^' joins a small kana to
-- the one before it, 'q' is っ and doubles the consonant after it. The prolonged sound mark says nothing.
CREATE FUNCTION search.romaji_of_kana(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    kana   constant text :=
        'あいうえおかきくけこさしすせそたちつてとなにぬねのはひふへほまみむめもやゆよらりるれろわゐゑをん'
        'がぎぐげござじずぜぞだぢづでどばびぶべぼぱぴぷぺぽゔっゃゅょぁぃぅぇぉゎー';
    romaji constant text :=
        'a  i  u  e  o  ka ki ku ke ko sa si su se so ta ti tu te to na ni nu ne no ha hi hu he ho ma mi mu me mo '
        'ya yu yo ra ri ru re ro wa i  e  o  n  ga gi gu ge go za zi zu ze zo da zi zu de do ba bi bu be bo '
        'pa pi pu pe po bu q  ^ya^yu^yo^a ^i ^u ^e ^o ^wa   ';
    letter text;
    found  int;
    result text := '';
BEGIN
    FOREACH letter IN ARRAY string_to_array(value, NULL) LOOP
        found := position(letter IN kana);
        IF found > 0 THEN
            result := result || rtrim(substr(romaji, 3 * found - 2, 3));
        END IF;
    END LOOP;
    IF position('^' IN result) > 0 THEN
        result := replace(replace(result, 'i^y', 'y'), 'si^e', 'sye');
        result := replace(replace(result, 'ti^e', 'tye'), 'zi^e', 'zye');
        result := replace(replace(result, 'de^', 'z'), 'do^', 'z');
        result := regexp_replace(result COLLATE "C", '(?<=[a-z])[aiueo]\^', '', 'g');
        result := replace(result, '^', '');
    END IF;
    IF position('q' IN result) > 0 THEN
        result := regexp_replace(result COLLATE "C", 'q([bdghkmprstyz])', '\1\1', 'g');
        result := replace(result, 'q', '');
    END IF;
    RETURN search.short_vowels(result);
END
$$;

-- One word in normal form to canonical romaji; null where it is neither kana nor Latin.
CREATE FUNCTION search.romaji(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF word COLLATE "C" ~ '^[ぁ-ゖー]+$' THEN
        RETURN nullif(search.romaji_of_kana(word), '');
    ELSIF word COLLATE "C" ~ '^[a-z]+$' THEN
        RETURN search.romaji_of_latin(word);
    END IF;
    RETURN NULL;
END
$$;

-- The romaji of a person as search looks it up; of the kana or, where there are none, of the name.
CREATE FUNCTION search.romaji_entries(kana text, name text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    normal text := coalesce(nullif(search.normal(kana), ''), search.normal(name));
    entry  text[];
    whole  text;
BEGIN
    whole := search.romaji(replace(normal, ' ', ''));
    IF whole IS NULL THEN
        RETURN NULL;
    END IF;
    IF position(' ' IN normal) = 0 THEN
        RETURN ARRAY[whole, whole];
    END IF;
    entry := search.entries(normal);
    entry := ARRAY[whole, search.romaji(entry[2]), search.romaji(entry[3]), search.romaji(entry[4])];
    -- Words that differ in kana may be the same in romaji.
    IF entry[4] IN (entry[2], entry[3]) THEN
        entry[4] := NULL;
    END IF;
    IF entry[3] = entry[2] THEN
        entry[3] := NULL;
    END IF;
    RETURN entry;
END
$$;

-- The start of a word, as it is typed, to the start of canonical romaji: "ots" and "ots|uka" agree.
CREATE FUNCTION search.romaji_start(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF word COLLATE "C" ~ '^[a-z]+$' THEN
        word := regexp_replace(word COLLATE "C", '(tch|cch|tc|cc)$', 'tt');
        word := regexp_replace(word COLLATE "C", '([^tc]|^)(ch|ts|c)$', '\1t');
        word := regexp_replace(word COLLATE "C", 'sh$', 's');
        word := regexp_replace(word COLLATE "C", '(dz|j)$', 'z');
    END IF;
    RETURN nullif(search.romaji(word), '');
END
$$;
