-- +goose Up

-- What a register was confirmed and what was sent are not changed by anybody.

-- +goose StatementBegin
CREATE TRIGGER documents_not_updated BEFORE UPDATE ON documents
BEGIN
    SELECT RAISE(ABORT, 'documents are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER documents_not_deleted BEFORE DELETE ON documents
BEGIN
    SELECT RAISE(ABORT, 'documents are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER exchanges_not_updated BEFORE UPDATE ON exchanges
BEGIN
    SELECT RAISE(ABORT, 'exchanges are append-only');
END;
-- +goose StatementEnd

-- +goose StatementBegin
CREATE TRIGGER exchanges_not_deleted BEFORE DELETE ON exchanges
BEGIN
    SELECT RAISE(ABORT, 'exchanges are append-only');
END;
-- +goose StatementEnd
