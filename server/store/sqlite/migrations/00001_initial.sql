-- +goose Up

-- One row per FN. The columns stored, confirmed and findings are totals of its
-- documents, kept here so that the summary need not count documents.
CREATE TABLE drives (
    id         INTEGER PRIMARY KEY,
    fn         TEXT    NOT NULL UNIQUE,
    version    INTEGER NOT NULL,
    reg_id     TEXT    NOT NULL,
    user_inn   TEXT    NOT NULL,
    user_name  TEXT    NOT NULL,
    kkt_number TEXT    NOT NULL,
    address    TEXT    NOT NULL,
    ffd        INTEGER NOT NULL,
    status     TEXT    NOT NULL,
    last_fd    INTEGER NOT NULL,
    last_at    INTEGER,
    documents  INTEGER NOT NULL,
    policy     TEXT    NOT NULL,
    gap_count  INTEGER NOT NULL,
    gaps       TEXT,
    stored     INTEGER NOT NULL,
    confirmed  INTEGER NOT NULL,
    findings   INTEGER NOT NULL,
    history    BLOB
) STRICT;

-- Which registration numbers and users a drive was seen with.
CREATE TABLE registrations (
    id       INTEGER PRIMARY KEY,
    drive_id INTEGER NOT NULL REFERENCES drives (id),
    reg_id   TEXT    NOT NULL,
    user_inn TEXT    NOT NULL,
    UNIQUE (drive_id, reg_id, user_inn)
) STRICT;
CREATE INDEX registrations_by_reg_id ON registrations (reg_id);
CREATE INDEX registrations_by_user_inn ON registrations (user_inn);

-- The hot table: accepted documents with their confirmations, and how each came.
-- Small columns stand before the blobs, so that filters read no overflow pages.
-- id is drawn from the same sequence as exchanges.id.
CREATE TABLE documents (
    id              INTEGER PRIMARY KEY,
    drive_id        INTEGER NOT NULL REFERENCES drives (id),
    fd              INTEGER NOT NULL,
    registration_id INTEGER REFERENCES registrations (id),
    form            INTEGER NOT NULL,
    ffd             INTEGER NOT NULL,
    date_time       INTEGER,
    received_at     INTEGER,
    shift           INTEGER NOT NULL,
    number          INTEGER NOT NULL,
    operation       INTEGER NOT NULL,
    total           INTEGER NOT NULL,
    fpd             INTEGER NOT NULL,
    policy          TEXT    NOT NULL,
    fps             TEXT    NOT NULL,
    fpd_check       TEXT    NOT NULL,
    fault           TEXT,
    exchange_at     INTEGER,
    took            INTEGER NOT NULL,
    peer            TEXT    NOT NULL,
    detail          TEXT    NOT NULL,
    stlv_at         INTEGER,
    stlv_len        INTEGER,
    findings        TEXT,
    message         BLOB,
    confirmation    BLOB,
    stlv            BLOB,
    request         BLOB,
    response        BLOB,
    response_head   BLOB
) STRICT;
CREATE UNIQUE INDEX documents_by_fd ON documents (drive_id, fd);
CREATE INDEX documents_by_fpd ON documents (fpd);
CREATE INDEX documents_flagged ON documents (id) WHERE findings IS NOT NULL;

CREATE TABLE quarantine (
    id      INTEGER PRIMARY KEY,
    at      INTEGER,
    fn      TEXT    NOT NULL,
    fd      INTEGER NOT NULL,
    fault   TEXT,
    detail  TEXT    NOT NULL,
    message BLOB
) STRICT;
CREATE INDEX quarantine_by_fn ON quarantine (fn);

CREATE TABLE incidents (
    id    INTEGER PRIMARY KEY,
    at    INTEGER,
    fn    TEXT    NOT NULL,
    fd    INTEGER NOT NULL,
    fault TEXT,
    text  TEXT    NOT NULL
) STRICT;
CREATE INDEX incidents_by_fn ON incidents (fn);

-- Exchanges that stored no document.
CREATE TABLE exchanges (
    id       INTEGER PRIMARY KEY,
    at       INTEGER,
    took     INTEGER NOT NULL,
    peer     TEXT    NOT NULL,
    fn       TEXT    NOT NULL,
    fd       INTEGER NOT NULL,
    fault    TEXT,
    detail   TEXT    NOT NULL,
    request  BLOB,
    response BLOB
) STRICT;
CREATE INDEX exchanges_by_fn ON exchanges (fn);
