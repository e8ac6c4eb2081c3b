-- +goose Up

-- Accepted documents of one FN are tied together: chain_seq is the place of the row,
-- link its hash over the row before and itself (docs/schema.md). The next migration
-- ties the rows that are there and brings the triggers of documents back.
ALTER TABLE documents ADD COLUMN chain_seq INTEGER;
ALTER TABLE documents ADD COLUMN link BLOB;
ALTER TABLE drives ADD COLUMN chain_length INTEGER NOT NULL DEFAULT 0;
ALTER TABLE drives ADD COLUMN chain_head BLOB;

-- What was done to stored rows, and by whom.
CREATE TABLE protocol (
    id        INTEGER PRIMARY KEY,
    at        INTEGER NOT NULL,
    who       TEXT    NOT NULL,
    kind      TEXT    NOT NULL,
    what      TEXT    NOT NULL,
    fn        TEXT    NOT NULL,
    before    INTEGER,
    first     INTEGER NOT NULL,
    last      INTEGER NOT NULL,
    first_fd  INTEGER NOT NULL,
    last_fd   INTEGER NOT NULL,
    rows      INTEGER NOT NULL,
    confirmed INTEGER NOT NULL,
    findings  INTEGER NOT NULL,
    head      BLOB,
    hash      BLOB    NOT NULL
) STRICT;
CREATE INDEX protocol_by_fn ON protocol (fn, what, last);

DROP TRIGGER documents_not_updated;
DROP TRIGGER documents_not_deleted;
DROP TRIGGER exchanges_not_deleted;

-- A row may be deleted only when the protocol says that it was, in the same
-- transaction at the latest.

-- +goose StatementBegin
CREATE TRIGGER exchanges_not_deleted BEFORE DELETE ON exchanges
WHEN NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = '' AND p.what = 'exchanges' AND p.kind = 'retention'
    AND p.last >= OLD.id AND OLD.id >= p.first AND OLD.at < p.before)
BEGIN
    SELECT RAISE(ABORT, 'exchanges are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER exchanges_not_replaced BEFORE INSERT ON exchanges WHEN EXISTS (SELECT 1 FROM exchanges WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'exchanges are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_not_updated BEFORE UPDATE ON quarantine
BEGIN
    SELECT RAISE(ABORT, 'quarantine is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_not_deleted BEFORE DELETE ON quarantine
WHEN NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = '' AND p.what = 'quarantine' AND p.kind = 'retention'
    AND p.last >= OLD.id AND OLD.id >= p.first AND OLD.at < p.before)
BEGIN
    SELECT RAISE(ABORT, 'quarantine is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER quarantine_not_replaced BEFORE INSERT ON quarantine WHEN EXISTS (SELECT 1 FROM quarantine WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'quarantine is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER incidents_not_updated BEFORE UPDATE ON incidents
BEGIN
    SELECT RAISE(ABORT, 'incidents are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER incidents_not_deleted BEFORE DELETE ON incidents
WHEN NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = '' AND p.what = 'incidents' AND p.kind = 'retention'
    AND p.last >= OLD.id AND OLD.id >= p.first AND OLD.at < p.before)
BEGIN
    SELECT RAISE(ABORT, 'incidents are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER incidents_not_replaced BEFORE INSERT ON incidents WHEN EXISTS (SELECT 1 FROM incidents WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'incidents are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER protocol_not_updated BEFORE UPDATE ON protocol
BEGIN
    SELECT RAISE(ABORT, 'the protocol is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER protocol_not_deleted BEFORE DELETE ON protocol
BEGIN
    SELECT RAISE(ABORT, 'the protocol is append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER protocol_not_replaced BEFORE INSERT ON protocol WHEN EXISTS (SELECT 1 FROM protocol WHERE id = NEW.id)
BEGIN
    SELECT RAISE(ABORT, 'the protocol is append-only');
END;
-- +goose StatementEnd
