-- Which key did it, and to what.

-- +goose Up
ALTER TABLE audit ADD COLUMN api_key TEXT NOT NULL DEFAULT ''; -- empty: the person
ALTER TABLE audit ADD COLUMN about   TEXT NOT NULL DEFAULT ''; -- id of a register or an outlet
CREATE INDEX audit_about ON audit (org, about, id);

-- +goose Down
DROP INDEX audit_about;
ALTER TABLE audit DROP COLUMN about;
ALTER TABLE audit DROP COLUMN api_key;
