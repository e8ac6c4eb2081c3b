-- +goose Up

-- Accepted documents of one FN are tied together: chain_seq is the place of the row,
-- link its hash over the row before and itself (docs/schema.md). The next migration
-- ties the rows that are there and brings the triggers of documents back.
ALTER TABLE documents ADD COLUMN chain_seq bigint, ADD COLUMN link bytea;
ALTER TABLE drives ADD COLUMN chain_length bigint NOT NULL DEFAULT 0, ADD COLUMN chain_head bytea;

-- What was done to stored rows, and by whom.
CREATE TABLE protocol (
    id        bigint PRIMARY KEY,
    at        bigint NOT NULL,
    before    bigint,
    first     bigint NOT NULL,
    last      bigint NOT NULL,
    first_fd  bigint NOT NULL,
    last_fd   bigint NOT NULL,
    rows      bigint NOT NULL,
    confirmed bigint NOT NULL,
    findings  bigint NOT NULL,
    who       text   NOT NULL,
    kind      text   NOT NULL,
    what      text   NOT NULL,
    fn        text   NOT NULL,
    head      bytea,
    hash      bytea  NOT NULL
);
CREATE INDEX protocol_by_fn ON protocol (fn, what, last);

DROP TRIGGER documents_append_only ON documents;
DROP TRIGGER exchanges_append_only ON exchanges;

-- A row may be deleted only when the protocol says that it was, in the same
-- transaction at the latest. Only rows that are deleted meet these.

-- +goose StatementBegin
CREATE FUNCTION refuse_unprotocolled_document() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = substr(OLD.drive_id::text, 2) AND p.what = 'documents' AND p.kind = 'retention'
            AND p.last >= OLD.chain_seq AND OLD.chain_seq >= p.first) THEN
        RAISE EXCEPTION 'documents are append-only';
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE FUNCTION refuse_unprotocolled_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = '' AND p.what = TG_TABLE_NAME AND p.kind = 'retention'
            AND p.last >= OLD.id AND OLD.id >= p.first AND OLD.at < p.before) THEN
        RAISE EXCEPTION '% are append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
-- +goose StatementEnd

CREATE TRIGGER exchanges_append_only BEFORE UPDATE OR TRUNCATE ON exchanges FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER exchanges_kept BEFORE DELETE ON exchanges FOR EACH ROW EXECUTE FUNCTION refuse_unprotocolled_event();
CREATE TRIGGER quarantine_append_only BEFORE UPDATE OR TRUNCATE ON quarantine FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER quarantine_kept BEFORE DELETE ON quarantine FOR EACH ROW EXECUTE FUNCTION refuse_unprotocolled_event();
CREATE TRIGGER incidents_append_only BEFORE UPDATE OR TRUNCATE ON incidents FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
CREATE TRIGGER incidents_kept BEFORE DELETE ON incidents FOR EACH ROW EXECUTE FUNCTION refuse_unprotocolled_event();
CREATE TRIGGER protocol_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON protocol FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();
