-- Romaji: kana, and every way of writing them in Latin letters, come to one canonical spelling.
-- It is not for reading: close to Kunrei, without long vowels, apostrophes and hyphens.

CREATE FUNCTION search.short_vowels(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    before text;
BEGIN
    -- Of three the first two go first, until there are no two.
    LOOP
        before := value;
        value := replace(replace(replace(value, 'ou', 'o'), 'oo', 'o'), 'uu', 'u');
        value := replace(replace(replace(value, 'aa', 'a'), 'ii', 'i'), 'ee', 'e');
        EXIT WHEN value = before;
    END LOOP;
    RETURN value;
END
$$;

-- Latin letters, in lower case and without marks, to canonical romaji.
CREATE FUNCTION search.romaji_of_latin(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    value := replace(value, 'cch', 'tch');
    value := replace(replace(replace(value, 'shi', 'si'), 'sh', 'sy'), 'syy', 'sy');
    value := replace(replace(replace(value, 'chi', 'ti'), 'ch', 'ty'), 'tyy', 'ty');
    value := replace(replace(value, 'tsu', 'tu'), 'ts', 't');
    value := replace(replace(replace(value, 'dz', 'z'), 'du', 'zu'), 'di', 'zi');
    value := replace(replace(replace(value, 'ji', 'zi'), 'jy', 'zy'), 'j', 'zy');
    value := translate(value, 'flvcq', 'hrbkk');
    value := replace(replace(replace(value, 'wo', 'o'), 'wi', 'i'), 'we', 'e');
    value := replace(replace(replace(value, 'mb', 'nb'), 'mp', 'np'), 'mm', 'nm');
    IF position('oh' IN value) > 0 THEN
        value := regexp_replace(value COLLATE "C", 'oh(?![aiueoy])', 'o', 'g');
    END IF;
    RETURN search.short_vowels(value);
END
$$;

-- Hiragana, by code point from ぁ on, to the letters of romaji, long vowels still long. '^' joins a small kana to the
-- one before it, 'q' is っ and doubles the consonant after it. ー says nothing, and a space stays one.
CREATE FUNCTION search.romaji_letters(value text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
DECLARE
    letter text;
    result text := '';
BEGIN
    FOREACH letter IN ARRAY string_to_array(replace(value, 'ー', ''), NULL) LOOP
        result := result || coalesce(('{'
            '^a,a,^i,i,^u,u,^e,e,^o,o,ka,ga,ki,gi,ku,gu,ke,ge,ko,go,sa,za,si,zi,su,zu,se,ze,so,zo,ta,da,ti,'
            'zi,q,tu,zu,te,de,to,do,na,ni,nu,ne,no,ha,ba,pa,hi,bi,pi,hu,bu,pu,he,be,pe,ho,bo,po,ma,mi,mu,me,'
            'mo,^ya,ya,^yu,yu,^yo,yo,ra,ri,ru,re,ro,^wa,wa,i,e,o,n,bu,ka,ke'
            '}'::text[])[ascii(letter) - 12352], letter);
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
    RETURN result;
END
$$;

-- One word in normal form to canonical romaji; null where it is neither kana nor Latin.
CREATE FUNCTION search.romaji(word text) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT PARALLEL SAFE AS $$
BEGIN
    IF word COLLATE "C" ~ '^[ぁ-ゖー]+$' THEN
        RETURN nullif(search.short_vowels(search.romaji_letters(word)), '');
    ELSIF word COLLATE "C" ~ '^[a-z]+$' THEN
        RETURN search.romaji_of_latin(word);
    END IF;
    RETURN NULL;
END
$$;

-- The same of several words, as search looks them up: whole, first word, second word, last word.
-- The whole is that of the words written as one: さと + うめ is さとうめ.
CREATE FUNCTION search.romaji_looked_up(normal text) RETURNS text[]
LANGUAGE plpgsql IMMUTABLE PARALLEL SAFE AS $$
DECLARE
    words text[];
    whole text;
BEGIN
    IF normal COLLATE "C" ~ '^[ぁ-ゖー ]+$' THEN
        normal := search.romaji_letters(normal);
        whole := search.short_vowels(replace(normal, ' ', ''));
        words := search.looked_up(btrim(regexp_replace(search.short_vowels(normal) COLLATE "C", '  +', ' ', 'g')));
        words[1] := nullif(whole, '');
        RETURN words;
    ELSIF normal COLLATE "C" ~ '^[a-z ]+$' THEN
        -- With its spaces first: in "satoh aiko" oh is a long o, in "ohashi" it is not.
        normal := search.romaji_of_latin(normal);
        words := search.looked_up(normal);
        words[1] := search.short_vowels(replace(normal, ' ', ''));
        RETURN words;
    END IF;
    RETURN ARRAY[NULL, NULL, NULL, NULL]::text[];
END
$$;

-- The start of a word, as it is typed, to the start of canonical romaji: "ots" and "otsuka" agree.
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
