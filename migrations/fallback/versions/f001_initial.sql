CREATE TABLE employees (
    id           TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    employee_num TEXT NOT NULL,
    name         TEXT NOT NULL,
    haken        TEXT,
    granted      DAYS_TEXT,
    used         DAYS_TEXT,
    balance      DAYS_TEXT,
    expired      DAYS_TEXT,
    usage_rate   DAYS_TEXT,
    year         INTEGER NOT NULL,
    grant_year   INTEGER,
    last_updated MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT pk_employees PRIMARY KEY (id),
    CONSTRAINT uq_employees_employee_num_year UNIQUE (employee_num, year),
    CONSTRAINT ck_employees_balance_is_number CHECK (balance GLOB '*[0-9].[0-9][0-9][0-9]' AND abs(balance) < 1e6),
    CONSTRAINT ck_employees_employee_num_not_blank CHECK (trim(employee_num) <> ''),
    CONSTRAINT ck_employees_expired_not_negative CHECK (expired GLOB '[0-9]*.[0-9][0-9][0-9]' AND expired + 0 < 1e6),
    CONSTRAINT ck_employees_grant_year_plausible CHECK (grant_year BETWEEN 1900 AND 2200),
    CONSTRAINT ck_employees_granted_not_negative CHECK (granted GLOB '[0-9]*.[0-9][0-9][0-9]' AND granted + 0 < 1e6),
    CONSTRAINT ck_employees_last_updated_is_moment CHECK (last_updated GLOB '????-??-??T??:??:??.??????Z' AND julianday(last_updated) > 0),
    CONSTRAINT ck_employees_usage_rate_not_negative CHECK (usage_rate GLOB '[0-9]*.[0-9][0-9][0-9]' AND usage_rate + 0 < 1e6),
    CONSTRAINT ck_employees_used_not_negative CHECK (used GLOB '[0-9]*.[0-9][0-9][0-9]' AND used + 0 < 1e6),
    CONSTRAINT ck_employees_year_plausible CHECK (typeof(year) = 'integer' AND year BETWEEN 1900 AND 2200)
)

CREATE TABLE genzai (
    id            TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    status        TEXT,
    employee_num  TEXT NOT NULL,
    dispatch_id   TEXT,
    dispatch_name TEXT,
    department    TEXT,
    line          TEXT,
    job_content   TEXT,
    name          TEXT NOT NULL,
    kana          TEXT,
    gender        TEXT,
    nationality   TEXT,
    birth_date    TEXT,
    age           INTEGER,
    hourly_wage   TEXT,
    wage_revision TEXT,
    hire_date     DATE_TEXT,
    leave_date    DATE_TEXT,
    last_updated  MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT pk_genzai PRIMARY KEY (id),
    CONSTRAINT ck_genzai_age_not_negative CHECK (age >= 0),
    CONSTRAINT ck_genzai_birth_date_is_date CHECK (CASE WHEN substr(birth_date, 1, 4) = 'enc:' THEN true ELSE birth_date IS date(birth_date) END),
    CONSTRAINT ck_genzai_employee_num_not_blank CHECK (trim(employee_num) <> ''),
    CONSTRAINT ck_genzai_hire_date_is_date CHECK (hire_date IS date(hire_date)),
    CONSTRAINT ck_genzai_hourly_wage_not_negative CHECK (CASE WHEN substr(hourly_wage, 1, 4) = 'enc:' THEN true ELSE CAST(hourly_wage AS integer) >= 0 END),
    CONSTRAINT ck_genzai_last_updated_is_moment CHECK (last_updated GLOB '????-??-??T??:??:??.??????Z' AND julianday(last_updated) > 0),
    CONSTRAINT ck_genzai_leave_date_is_date CHECK (leave_date IS date(leave_date)),
    CONSTRAINT ck_genzai_leaves_after_hire CHECK (leave_date >= hire_date)
)

CREATE TABLE ukeoi (
    id                TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    status            TEXT,
    employee_num      TEXT NOT NULL,
    contract_business TEXT,
    name              TEXT NOT NULL,
    kana              TEXT,
    gender            TEXT,
    nationality       TEXT,
    birth_date        TEXT,
    age               INTEGER,
    hourly_wage       TEXT,
    wage_revision     TEXT,
    hire_date         DATE_TEXT,
    leave_date        DATE_TEXT,
    last_updated      MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT pk_ukeoi PRIMARY KEY (id),
    CONSTRAINT ck_ukeoi_age_not_negative CHECK (age >= 0),
    CONSTRAINT ck_ukeoi_birth_date_is_date CHECK (CASE WHEN substr(birth_date, 1, 4) = 'enc:' THEN true ELSE birth_date IS date(birth_date) END),
    CONSTRAINT ck_ukeoi_employee_num_not_blank CHECK (trim(employee_num) <> ''),
    CONSTRAINT ck_ukeoi_hire_date_is_date CHECK (hire_date IS date(hire_date)),
    CONSTRAINT ck_ukeoi_hourly_wage_not_negative CHECK (CASE WHEN substr(hourly_wage, 1, 4) = 'enc:' THEN true ELSE CAST(hourly_wage AS integer) >= 0 END),
    CONSTRAINT ck_ukeoi_last_updated_is_moment CHECK (last_updated GLOB '????-??-??T??:??:??.??????Z' AND julianday(last_updated) > 0),
    CONSTRAINT ck_ukeoi_leave_date_is_date CHECK (leave_date IS date(leave_date)),
    CONSTRAINT ck_ukeoi_leaves_after_hire CHECK (leave_date >= hire_date)
)

CREATE TABLE staff (
    id           TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    status       TEXT,
    employee_num TEXT NOT NULL,
    office       TEXT,
    name         TEXT NOT NULL,
    kana         TEXT,
    gender       TEXT,
    nationality  TEXT,
    birth_date   TEXT,
    age          INTEGER,
    visa_expiry  DATE_TEXT,
    visa_type    TEXT,
    spouse       TEXT,
    postal_code  TEXT,
    address      TEXT,
    building     TEXT,
    hire_date    DATE_TEXT,
    leave_date   DATE_TEXT,
    last_updated MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT pk_staff PRIMARY KEY (id),
    CONSTRAINT ck_staff_age_not_negative CHECK (age >= 0),
    CONSTRAINT ck_staff_birth_date_is_date CHECK (CASE WHEN substr(birth_date, 1, 4) = 'enc:' THEN true ELSE birth_date IS date(birth_date) END),
    CONSTRAINT ck_staff_employee_num_not_blank CHECK (trim(employee_num) <> ''),
    CONSTRAINT ck_staff_hire_date_is_date CHECK (hire_date IS date(hire_date)),
    CONSTRAINT ck_staff_last_updated_is_moment CHECK (last_updated GLOB '????-??-??T??:??:??.??????Z' AND julianday(last_updated) > 0),
    CONSTRAINT ck_staff_leave_date_is_date CHECK (leave_date IS date(leave_date)),
    CONSTRAINT ck_staff_leaves_after_hire CHECK (leave_date >= hire_date),
    CONSTRAINT ck_staff_visa_expiry_is_date CHECK (visa_expiry IS date(visa_expiry))
)

CREATE TABLE yukyu_usage_details (
    id           TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    employee_num TEXT NOT NULL,
    name         TEXT,
    use_date     DATE_TEXT NOT NULL,
    year         INTEGER NOT NULL,
    month        INTEGER NOT NULL,
    days_used    DAYS_TEXT NOT NULL,
    last_updated MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT pk_yukyu_usage_details PRIMARY KEY (id),
    CONSTRAINT uq_yukyu_usage_details_employee_num_use_date UNIQUE (employee_num, use_date),
    CONSTRAINT ck_yukyu_usage_details_days_used_not_negative CHECK (days_used GLOB '[0-9]*.[0-9][0-9][0-9]' AND days_used + 0 < 1e6),
    CONSTRAINT ck_yukyu_usage_details_employee_num_not_blank CHECK (trim(employee_num) <> ''),
    CONSTRAINT ck_yukyu_usage_details_last_updated_is_moment CHECK (last_updated GLOB '????-??-??T??:??:??.??????Z' AND julianday(last_updated) > 0),
    CONSTRAINT ck_yukyu_usage_details_month_of_year CHECK (typeof(month) = 'integer' AND month BETWEEN 1 AND 12),
    CONSTRAINT ck_yukyu_usage_details_use_date_is_date CHECK (use_date IS date(use_date)),
    CONSTRAINT ck_yukyu_usage_details_year_plausible CHECK (typeof(year) = 'integer' AND year BETWEEN 1900 AND 2200)
)

CREATE TABLE leave_requests (
    id              TEXT NOT NULL DEFAULT (lower(hex(randomblob(16)))),
    employee_num    TEXT NOT NULL,
    employee_name   TEXT,
    start_date      DATE_TEXT NOT NULL,
    end_date        DATE_TEXT NOT NULL,
    days_requested  DAYS_TEXT NOT NULL,
    hours_requested DAYS_TEXT,
    leave_type      TEXT,
    reason          TEXT,
    status          TEXT NOT NULL DEFAULT 'PENDING',
    requested_at    MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    approved_by     TEXT,
    approved_at     MOMENT_TEXT,
    year            INTEGER NOT NULL,
    hourly_wage     TEXT,
    cost_estimate   YEN_TEXT,
    created_at      MOMENT_TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%f000Z', 'now')),
    CONSTRAINT pk_leave_requests PRIMARY KEY (id),
    CONSTRAINT ck_leave_requests_approved_at_is_moment CHECK (approved_at GLOB '????-??-??T??:??:??.??????Z' AND julianday(approved_at) > 0),
    CONSTRAINT ck_leave_requests_cost_estimate_not_negative CHECK (cost_estimate GLOB '[0-9]*.[0-9][0-9]' AND cost_estimate + 0 < 1e12),
    CONSTRAINT ck_leave_requests_created_at_is_moment CHECK (created_at GLOB '????-??-??T??:??:??.??????Z' AND julianday(created_at) > 0),
    CONSTRAINT ck_leave_requests_days_requested_not_negative CHECK (days_requested GLOB '[0-9]*.[0-9][0-9][0-9]' AND days_requested + 0 < 1e6),
    CONSTRAINT ck_leave_requests_employee_num_not_blank CHECK (trim(employee_num) <> ''),
    CONSTRAINT ck_leave_requests_end_date_is_date CHECK (end_date IS date(end_date)),
    CONSTRAINT ck_leave_requests_ends_after_start CHECK (end_date >= start_date),
    CONSTRAINT ck_leave_requests_hourly_wage_not_negative CHECK (CASE WHEN substr(hourly_wage, 1, 4) = 'enc:' THEN true ELSE CAST(hourly_wage AS integer) >= 0 END),
    CONSTRAINT ck_leave_requests_hours_requested_not_negative CHECK (hours_requested GLOB '[0-9]*.[0-9][0-9][0-9]' AND hours_requested + 0 < 1e6),
    CONSTRAINT ck_leave_requests_requested_at_is_moment CHECK (requested_at GLOB '????-??-??T??:??:??.??????Z' AND julianday(requested_at) > 0),
    CONSTRAINT ck_leave_requests_start_date_is_date CHECK (start_date IS date(start_date)),
    CONSTRAINT ck_leave_requests_status_known CHECK (status IN ('PENDING', 'APPROVED', 'REJECTED')),
    CONSTRAINT ck_leave_requests_year_plausible CHECK (typeof(year) = 'integer' AND year BETWEEN 1900 AND 2200)
)

CREATE INDEX ix_leave_requests_employee_num_year ON leave_requests (employee_num, year, requested_at DESC)

-- What a record of the four tables is looked up by, kept by their triggers: the tables' own columns that a search
-- needs, the entries of `search_entries` and the lexemes of `search_vector` in PostgreSQL.
CREATE TABLE search_records (
    record       INTEGER PRIMARY KEY,
    table_no     INTEGER NOT NULL,
    id           TEXT NOT NULL,
    moment       TEXT NOT NULL,
    status       TEXT,
    year         INTEGER,
    hired        TEXT,
    gone         TEXT,
    number_text  TEXT NOT NULL,
    name_text    TEXT NOT NULL,
    place_text   TEXT,
    number       TEXT,
    place        TEXT,
    name         TEXT,
    name_1       TEXT,
    name_2       TEXT,
    name_last    TEXT,
    kana         TEXT,
    kana_1       TEXT,
    kana_2       TEXT,
    kana_last    TEXT,
    romaji       TEXT,
    romaji_1     TEXT,
    romaji_2     TEXT,
    romaji_last  TEXT,
    lexemes      TEXT NOT NULL,
    CONSTRAINT uq_search_records UNIQUE (table_no, id)
) STRICT

CREATE INDEX ix_search_records_number ON search_records (number, moment) WHERE number IS NOT NULL

CREATE INDEX ix_search_records_place ON search_records (place, moment) WHERE place IS NOT NULL

CREATE INDEX ix_search_records_name ON search_records (name, moment) WHERE name IS NOT NULL

CREATE INDEX ix_search_records_kana ON search_records (kana, moment) WHERE kana IS NOT NULL

CREATE INDEX ix_search_records_romaji ON search_records (romaji, moment) WHERE romaji IS NOT NULL

-- Lexemes are found whole or by their beginning, each is one token: no positions are kept.
CREATE VIRTUAL TABLE search_lexemes USING fts5 (
    lexemes, content='search_records', content_rowid='record', tokenize='ascii', detail=none, columnsize=0
)

CREATE TRIGGER search_records_added AFTER INSERT ON search_records BEGIN
    INSERT INTO search_lexemes (rowid, lexemes) VALUES (new.record, new.lexemes);
END

CREATE TRIGGER search_records_removed AFTER DELETE ON search_records BEGIN
    INSERT INTO search_lexemes (search_lexemes, rowid, lexemes) VALUES ('delete', old.record, old.lexemes);
END

-- Which database file this is, in its backups' names for it.
CREATE TABLE store (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    identifier TEXT NOT NULL CHECK (identifier NOT GLOB '*[^0-9]*')
) STRICT

INSERT INTO store (only, identifier) VALUES (1, abs(random() / 2))
