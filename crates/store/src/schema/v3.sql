-- Probabilities of every way of drawing: drawn / (frame * of_studies).
ALTER TABLE deck_member ADD COLUMN of_studies INTEGER NOT NULL DEFAULT 1;
ALTER TABLE deck_member ADD COLUMN stratum TEXT;
ALTER TABLE deck_member ADD COLUMN repeated INTEGER NOT NULL DEFAULT 0 CHECK (repeated IN (0, 1));

-- Which studies could be drawn, where not all: bit no % 8 of byte no / 8.
ALTER TABLE sample ADD COLUMN frame BLOB;

-- What was added later, and what is asked in place of the deck's question.
ALTER TABLE item ADD COLUMN batch INTEGER NOT NULL DEFAULT 0;
ALTER TABLE item ADD COLUMN finding TEXT;

-- What a look at the label led to.
ALTER TABLE item_state ADD COLUMN outcome TEXT
    CHECK (outcome IN ('label_right', 'mine_stands', 'cannot_tell'));

-- The readers whose majority is the reference; empty where that is everybody.
CREATE TABLE gold (
    reader TEXT NOT NULL PRIMARY KEY REFERENCES reader (name)
) STRICT, WITHOUT ROWID;

-- Boxes that the dataset draws, in pixels of the image. For the review screen only.
CREATE TABLE image_box (
    image   INTEGER NOT NULL REFERENCES image (id),
    place   INTEGER NOT NULL,
    finding INTEGER NOT NULL REFERENCES dataset_finding (no),
    x       REAL NOT NULL,
    y       REAL NOT NULL,
    width   REAL NOT NULL,
    height  REAL NOT NULL,
    PRIMARY KEY (image, place)
) STRICT, WITHOUT ROWID;

-- Files with reads or scores that were made elsewhere.
CREATE TABLE outside_file (
    no          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL CHECK (kind IN ('reads', 'scores')),
    name        TEXT NOT NULL,
    bytes       INTEGER NOT NULL,
    sha256      TEXT NOT NULL,
    blinded     INTEGER NOT NULL CHECK (blinded IN (0, 1)),
    version     INTEGER NOT NULL REFERENCES protocol (version),
    imported_at TEXT NOT NULL,
    UNIQUE (kind, sha256)
) STRICT;

CREATE TABLE outside_read (
    file      INTEGER NOT NULL REFERENCES outside_file (no),
    reader    TEXT NOT NULL,
    study     INTEGER NOT NULL REFERENCES study (no),
    finding   TEXT NOT NULL,
    read_no   INTEGER NOT NULL,
    place     INTEGER NOT NULL,
    level     INTEGER,
    no_answer TEXT CHECK (no_answer IN ('unsure', 'inadequate')),
    CHECK ((level IS NULL) <> (no_answer IS NULL)),
    PRIMARY KEY (file, reader, study, finding, read_no)
) STRICT, WITHOUT ROWID;

CREATE TABLE outside_tag (
    file   INTEGER NOT NULL REFERENCES outside_file (no),
    reader TEXT NOT NULL,
    study  INTEGER NOT NULL REFERENCES study (no),
    tag    TEXT NOT NULL,
    PRIMARY KEY (file, reader, study, tag)
) STRICT, WITHOUT ROWID;

-- Without a finding a score is about the study as a whole; without a view, about all its images.
CREATE TABLE outside_score (
    file    INTEGER NOT NULL REFERENCES outside_file (no),
    model   TEXT NOT NULL,
    finding TEXT NOT NULL,
    study   INTEGER NOT NULL REFERENCES study (no),
    view    TEXT NOT NULL,
    score   REAL,
    PRIMARY KEY (file, model, finding, study, view)
) STRICT, WITHOUT ROWID;

CREATE VIEW v_adjudicated AS
SELECT r.item, r.study, r.deck, r.finding, r.reader AS adjudicator,
    r.settled_level AS level, r.settled_no_answer AS no_answer, r.protocol_version, r.locked_at
FROM v_reads AS r
WHERE r.phase = 'adjudicate' AND (r.settled_level IS NOT NULL OR r.settled_no_answer IS NOT NULL);

CREATE VIEW v_review AS
SELECT i.id AS item, printf('%016x', st.id) AS study, d.id AS deck, coalesce(i.finding, d.finding) AS finding,
    i.reader, s.outcome, coalesce(s.comment, '') AS note, s.locked_at AS decided_at
FROM item AS i
JOIN study AS st ON st.no = i.study
JOIN deck AS d ON d.no = i.deck
LEFT JOIN item_state AS s ON s.reader = i.reader AND s.item = i.id
WHERE i.phase = 'review';

CREATE VIEW v_outside_reads AS
SELECT f.name AS source, f.sha256, f.blinded, r.reader, printf('%016x', st.id) AS study, r.finding,
    l.name AS level, r.level AS level_no, r.no_answer, r.read_no, f.version AS protocol_version
FROM outside_read AS r
JOIN outside_file AS f ON f.no = r.file
JOIN study AS st ON st.no = r.study
LEFT JOIN protocol_level AS l ON l.version = f.version AND l.no = r.level;

DROP VIEW v_worklist;
CREATE VIEW v_worklist AS
SELECT i.reader, i.place, i.id AS item, printf('%016x', st.id) AS study, d.id AS deck,
    coalesce(i.finding, d.finding) AS finding, i.phase, i.pass,
    CASE
        WHEN s.reopened THEN 'reopened'
        WHEN s.locks > 0 OR s.outcome IS NOT NULL THEN 'locked'
        WHEN s.skipped THEN 'skipped'
        ELSE 'open'
    END AS status,
    coalesce(s.flagged, 0) AS flagged, coalesce(s.comment, '') AS comment
FROM item AS i
JOIN study AS st ON st.no = i.study
JOIN deck AS d ON d.no = i.deck
LEFT JOIN item_state AS s ON s.reader = i.reader AND s.item = i.id;

DROP VIEW v_progress;
CREATE VIEW v_progress AS
SELECT i.reader, d.id AS deck, d.finding,
    iif(i.phase IN ('adjudicate', 'review'), i.phase, 'read') AS stage, count(*) AS items,
    sum(coalesce((s.locks > 0 OR s.outcome IS NOT NULL) AND NOT s.reopened, 0)) AS locked,
    sum(coalesce(s.settled, 0)) AS settled,
    sum(coalesce(s.revisions, 0)) AS revisions,
    sum(coalesce(s.skipped, 0)) AS skipped,
    sum(coalesce(s.active_ms, 0)) AS active_ms
FROM item AS i
JOIN deck AS d ON d.no = i.deck
LEFT JOIN item_state AS s ON s.reader = i.reader AND s.item = i.id
GROUP BY i.reader, d.no, iif(i.phase IN ('adjudicate', 'review'), i.phase, 'read');
