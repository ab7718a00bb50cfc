-- What the file is and who made it.
CREATE TABLE meta (
    name  TEXT NOT NULL PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- The log. Everything that a person decided is in here, once and for ever.
CREATE TABLE event (
    seq       INTEGER PRIMARY KEY,
    id        TEXT UNIQUE,
    chain     TEXT,
    chain_seq INTEGER,
    at        TEXT,
    actor     TEXT,
    device    TEXT,
    kind      TEXT,
    body      TEXT,
    prev_hash TEXT,
    hash      TEXT,
    UNIQUE (chain, chain_seq)
) STRICT;

CREATE INDEX event_actor ON event (actor, chain, chain_seq);

CREATE TRIGGER event_never_changes BEFORE UPDATE ON event
BEGIN
    SELECT RAISE(ABORT, 'events are never changed');
END;

CREATE TRIGGER event_never_goes BEFORE DELETE ON event
BEGIN
    SELECT RAISE(ABORT, 'events are never deleted');
END;

-- INSERT OR REPLACE deletes without firing the trigger above.
CREATE TRIGGER event_never_gives_way BEFORE INSERT ON event
WHEN EXISTS (
    SELECT 1 FROM event
    WHERE seq = NEW.seq OR id = NEW.id OR (chain = NEW.chain AND chain_seq = NEW.chain_seq)
)
BEGIN
    SELECT RAISE(ABORT, 'events are never replaced');
END;

-- A row number below 1 would stand for "not given" in the trigger above.
CREATE TRIGGER event_counts_from_one AFTER INSERT ON event
WHEN NEW.seq < 1
BEGIN
    SELECT RAISE(ABORT, 'events are numbered from 1');
END;

-- Openings, reports, exports and backups: outside the chains, so that two reports of one state are
-- the same.
CREATE TABLE access_log (
    seq    INTEGER PRIMARY KEY,
    at     TEXT NOT NULL,
    actor  TEXT NOT NULL,
    device TEXT NOT NULL,
    what   TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

-- The dataset under audit.
CREATE TABLE dataset (
    only       INTEGER PRIMARY KEY CHECK (only = 1),
    format     TEXT NOT NULL,
    sha256     TEXT NOT NULL,
    identity   TEXT NOT NULL,
    studies    INTEGER NOT NULL,
    images     INTEGER NOT NULL,
    patients   INTEGER NOT NULL,
    image_root TEXT
) STRICT;

CREATE TABLE input_file (
    place  INTEGER PRIMARY KEY,
    name   TEXT NOT NULL,
    bytes  INTEGER NOT NULL,
    sha256 TEXT NOT NULL
) STRICT;

CREATE TABLE import_note (
    seq    INTEGER PRIMARY KEY,
    file   TEXT NOT NULL,
    line   INTEGER NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- Bit `no` of a study's label columns belongs to this finding.
CREATE TABLE dataset_finding (
    no   INTEGER PRIMARY KEY CHECK (no BETWEEN 0 AND 63),
    name TEXT NOT NULL UNIQUE
) STRICT;

CREATE TABLE patient (
    no  INTEGER PRIMARY KEY,
    key TEXT NOT NULL
) STRICT;

-- Numbered from 0 in the order of their ids, which are 64 bits: printf('%016x', id).
CREATE TABLE study (
    no        INTEGER PRIMARY KEY,
    id        INTEGER NOT NULL,
    key       TEXT NOT NULL,
    patient   INTEGER NOT NULL REFERENCES patient (no),
    positive  INTEGER NOT NULL,
    negative  INTEGER NOT NULL,
    uncertain INTEGER NOT NULL,
    sex       TEXT CHECK (sex IN ('F', 'M')),
    age_years INTEGER,
    region    TEXT,
    split     TEXT
) STRICT;

-- By opaque id. Without a key of its own an image goes by that of its study.
CREATE TABLE image (
    id     INTEGER PRIMARY KEY,
    study  INTEGER NOT NULL REFERENCES study (no),
    place  INTEGER NOT NULL,
    view   TEXT,
    key    TEXT,
    path   TEXT,
    bytes  INTEGER,
    sha256 TEXT
) STRICT;

-- Every version of the protocol, and what of it SQL needs.
CREATE TABLE protocol (
    version INTEGER PRIMARY KEY,
    name    TEXT NOT NULL,
    hash    TEXT NOT NULL,
    text    TEXT NOT NULL,
    set_at  TEXT NOT NULL
) STRICT;

CREATE TABLE protocol_level (
    version INTEGER NOT NULL REFERENCES protocol (version),
    no      INTEGER NOT NULL,
    name    TEXT NOT NULL,
    PRIMARY KEY (version, no)
) STRICT, WITHOUT ROWID;

CREATE TABLE protocol_rule (
    version   INTEGER NOT NULL REFERENCES protocol (version),
    threshold INTEGER NOT NULL,
    name      TEXT NOT NULL,
    text      TEXT NOT NULL,
    PRIMARY KEY (version, threshold)
) STRICT, WITHOUT ROWID;

CREATE TABLE reader (
    name             TEXT NOT NULL PRIMARY KEY,
    role             TEXT NOT NULL CHECK (role IN ('reader', 'lead', 'adjudicator')),
    experience_years INTEGER,
    added_at         TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- What was drawn.
CREATE TABLE sample (
    only                 INTEGER PRIMARY KEY CHECK (only = 1),
    seed                 TEXT NOT NULL,
    limited_to_available INTEGER NOT NULL CHECK (limited_to_available IN (0, 1)),
    frame_studies        INTEGER NOT NULL,
    protocol_version     INTEGER NOT NULL REFERENCES protocol (version),
    hash                 TEXT NOT NULL,
    drawn_at             TEXT NOT NULL
) STRICT;

CREATE TABLE deck (
    no      INTEGER PRIMARY KEY,
    id      TEXT NOT NULL UNIQUE,
    finding TEXT,
    planned INTEGER NOT NULL
) STRICT;

CREATE TABLE deck_member (
    deck           INTEGER NOT NULL REFERENCES deck (no),
    place          INTEGER NOT NULL,
    study          INTEGER NOT NULL REFERENCES study (no),
    label_positive INTEGER NOT NULL CHECK (label_positive IN (0, 1)),
    drawn          INTEGER NOT NULL,
    frame          INTEGER NOT NULL,
    PRIMARY KEY (deck, place)
) STRICT, WITHOUT ROWID;

-- Place 0 holds no study: it says that exploration was asked for this finding at all.
CREATE TABLE explore (
    finding TEXT NOT NULL,
    place   INTEGER NOT NULL,
    study   INTEGER REFERENCES study (no),
    PRIMARY KEY (finding, place)
) STRICT, WITHOUT ROWID;

CREATE TABLE shortfall (
    place   INTEGER PRIMARY KEY,
    finding TEXT,
    arm     TEXT NOT NULL,
    planned INTEGER NOT NULL,
    drawn   INTEGER NOT NULL
) STRICT;

CREATE TABLE worklist (
    reader         TEXT NOT NULL PRIMARY KEY REFERENCES reader (name),
    gap_violations INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE item (
    reader TEXT NOT NULL REFERENCES worklist (reader),
    place  INTEGER NOT NULL,
    id     TEXT NOT NULL UNIQUE,
    study  INTEGER NOT NULL REFERENCES study (no),
    deck   INTEGER NOT NULL REFERENCES deck (no),
    phase  TEXT NOT NULL,
    pass   INTEGER NOT NULL,
    PRIMARY KEY (reader, place)
) STRICT;

-- The current state, folded from the events in the transaction that adds them. It can be thrown
-- away and folded again at any time.
CREATE TABLE item_state (
    reader        TEXT NOT NULL,
    item          TEXT NOT NULL,
    locks         INTEGER NOT NULL,
    revisions     INTEGER NOT NULL,
    reopened      INTEGER NOT NULL CHECK (reopened IN (0, 1)),
    settled       INTEGER NOT NULL CHECK (settled IN (0, 1)),
    skipped       INTEGER NOT NULL CHECK (skipped IN (0, 1)),
    flagged       INTEGER NOT NULL CHECK (flagged IN (0, 1)),
    comment       TEXT NOT NULL,
    phase         TEXT,
    version       INTEGER,
    locked_at     TEXT,
    active_ms     INTEGER,
    after_release INTEGER CHECK (after_release IN (0, 1)),
    PRIMARY KEY (reader, item)
) STRICT, WITHOUT ROWID;

CREATE TABLE answer (
    reader            TEXT NOT NULL,
    item              TEXT NOT NULL,
    finding           TEXT NOT NULL,
    level             INTEGER,
    no_answer         TEXT CHECK (no_answer IN ('unsure', 'inadequate')),
    settled_level     INTEGER,
    settled_no_answer TEXT CHECK (settled_no_answer IN ('unsure', 'inadequate')),
    settled_version   INTEGER,
    PRIMARY KEY (reader, item, finding)
) STRICT, WITHOUT ROWID;

CREATE TABLE item_tag (
    reader TEXT NOT NULL,
    item   TEXT NOT NULL,
    tag    TEXT NOT NULL,
    PRIMARY KEY (reader, item, tag)
) STRICT, WITHOUT ROWID;

CREATE TABLE item_also (
    reader  TEXT NOT NULL,
    item    TEXT NOT NULL,
    finding TEXT NOT NULL,
    PRIMARY KEY (reader, item, finding)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_reads AS
SELECT a.item, iif(st.id IS NULL, NULL, printf('%016x', st.id)) AS study, a.reader, d.id AS deck, a.finding,
    now.name AS level, a.level AS level_no, a.no_answer,
    first.name AS settled_level, a.settled_no_answer,
    s.phase, i.pass, s.version AS protocol_version, s.locked_at, s.active_ms, s.after_release
FROM answer AS a
JOIN item_state AS s ON s.reader = a.reader AND s.item = a.item
LEFT JOIN item AS i ON i.id = a.item
LEFT JOIN study AS st ON st.no = i.study
LEFT JOIN deck AS d ON d.no = i.deck
LEFT JOIN protocol_level AS now ON now.version = s.version AND now.no = a.level
LEFT JOIN protocol_level AS first
    ON first.version = a.settled_version AND first.no = a.settled_level;

CREATE VIEW v_read_rules AS
SELECT a.item, a.reader, a.finding, r.name AS rule, a.level >= r.threshold AS value
FROM answer AS a
JOIN item_state AS s ON s.reader = a.reader AND s.item = a.item
JOIN protocol_rule AS r ON r.version = s.version;

CREATE VIEW v_tags AS
SELECT t.item, iif(st.id IS NULL, NULL, printf('%016x', st.id)) AS study, t.reader, d.id AS deck, d.finding, t.tag
FROM item_tag AS t
LEFT JOIN item AS i ON i.id = t.item
LEFT JOIN study AS st ON st.no = i.study
LEFT JOIN deck AS d ON d.no = i.deck;

CREATE VIEW v_worklist AS
SELECT i.reader, i.place, i.id AS item, printf('%016x', st.id) AS study, d.id AS deck, d.finding, i.phase, i.pass,
    CASE
        WHEN s.reopened THEN 'reopened'
        WHEN s.locks > 0 THEN 'locked'
        WHEN s.skipped THEN 'skipped'
        ELSE 'open'
    END AS status,
    coalesce(s.flagged, 0) AS flagged, coalesce(s.comment, '') AS comment
FROM item AS i
JOIN study AS st ON st.no = i.study
JOIN deck AS d ON d.no = i.deck
LEFT JOIN item_state AS s ON s.reader = i.reader AND s.item = i.id;

CREATE VIEW v_progress AS
SELECT i.reader, d.id AS deck, d.finding, count(*) AS items,
    sum(coalesce(s.locks > 0 AND NOT s.reopened, 0)) AS locked,
    sum(coalesce(s.settled, 0)) AS settled,
    sum(coalesce(s.revisions, 0)) AS revisions,
    sum(coalesce(s.skipped, 0)) AS skipped,
    sum(coalesce(s.active_ms, 0)) AS active_ms
FROM item AS i
JOIN deck AS d ON d.no = i.deck
LEFT JOIN item_state AS s ON s.reader = i.reader AND s.item = i.id
GROUP BY i.reader, d.no;

CREATE VIEW v_dataset_labels AS
SELECT printf('%016x', s.id) AS study, s.key AS study_key, p.key AS patient, f.name AS finding,
    CASE
        WHEN (s.positive >> f.no) & 1 THEN 'positive'
        WHEN (s.negative >> f.no) & 1 THEN 'negative'
        WHEN (s.uncertain >> f.no) & 1 THEN 'uncertain'
    END AS label
FROM study AS s
JOIN patient AS p ON p.no = s.patient
CROSS JOIN dataset_finding AS f;
