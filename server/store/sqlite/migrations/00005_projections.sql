-- +goose Up

-- What is read out of the documents afterwards, for searches and reports: rows are
-- added in the order of documents.id, up to projection.upto. at is date_time, or the
-- second of arrival when that is not known. Sums of 0 and empty texts are NULL where
-- they may be.
CREATE TABLE projections (
    id        INTEGER PRIMARY KEY,
    drive_id  INTEGER NOT NULL,
    fd        INTEGER NOT NULL,
    at        INTEGER NOT NULL,
    form      INTEGER NOT NULL,
    shift     INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    operation INTEGER NOT NULL,
    total     INTEGER NOT NULL,
    fpd       INTEGER NOT NULL,
    taxation  INTEGER NOT NULL,
    cash      INTEGER,
    ecash     INTEGER,
    prepaid   INTEGER,
    credit    INTEGER,
    provision INTEGER,
    lines     INTEGER NOT NULL,
    reg_id    TEXT    NOT NULL,
    user_inn  TEXT    NOT NULL,
    cashier   TEXT,
    contact   TEXT,
    unread    TEXT,
    vat1      INTEGER,
    vat2      INTEGER,
    vat3      INTEGER,
    vat4      INTEGER,
    vat5      INTEGER,
    vat6      INTEGER,
    vat7      INTEGER,
    vat8      INTEGER,
    vat9      INTEGER,
    vat10     INTEGER,
    vat11     INTEGER,
    vat12     INTEGER
) STRICT;
CREATE INDEX projections_by_at ON projections (at);
CREATE INDEX projections_by_drive ON projections (drive_id, at, id, shift, total);
CREATE INDEX projections_by_user_inn ON projections (user_inn, at, id, total, form, operation);
CREATE INDEX projections_by_fpd ON projections (fpd);
CREATE INDEX projections_by_contact ON projections (contact) WHERE contact IS NOT NULL;

-- Lines of receipts; quantity in millionths.
CREATE TABLE items (
    document_id INTEGER NOT NULL,
    position    INTEGER NOT NULL,
    name        TEXT    NOT NULL,
    price       INTEGER NOT NULL,
    quantity    INTEGER NOT NULL,
    sum         INTEGER NOT NULL,
    rate        INTEGER NOT NULL,
    vat         INTEGER NOT NULL,
    subject     INTEGER NOT NULL,
    method      INTEGER NOT NULL,
    measure     INTEGER NOT NULL,
    unit        TEXT    NOT NULL,
    code        TEXT    NOT NULL,
    PRIMARY KEY (document_id, position)
) STRICT, WITHOUT ROWID;
CREATE INDEX items_by_code ON items (code) WHERE code <> '';

-- How far the projection is: the one row, changed together with what it counts.
CREATE TABLE projection (
    upto   INTEGER NOT NULL, -- documents.id
    passed INTEGER NOT NULL  -- documents
) STRICT;
INSERT INTO projection (upto, passed) VALUES (0, 0);

CREATE TABLE unread (
    reason    TEXT    PRIMARY KEY,
    documents INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

-- An index over random numbers is dear in the hot table: it is among the projections.
DROP INDEX documents_by_fpd;
