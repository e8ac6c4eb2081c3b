-- What several servers share: tries that are limited, letters told of once.

-- +goose Up
ALTER TABLE reports ADD COLUMN made BIGINT NOT NULL DEFAULT 0; -- when the file was; 0: not yet
CREATE INDEX reports_made ON reports (org, made);
CREATE TABLE tries (
	subject TEXT   PRIMARY KEY, -- SHA-256 of what is limited
	begun   BIGINT NOT NULL,    -- of the window
	ends    BIGINT NOT NULL,
	tries   BIGINT NOT NULL
);
CREATE INDEX tries_ends ON tries (ends);

-- +goose Down
DROP TABLE tries;
DROP INDEX reports_made;
ALTER TABLE reports DROP COLUMN made;
