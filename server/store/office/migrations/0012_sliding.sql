-- Tries with their moments, so that windows slide. Counts of before are forgotten.

-- +goose Up
DROP TABLE tries;
CREATE TABLE tries (
	subject TEXT   PRIMARY KEY, -- SHA-256 of what is limited
	ends    BIGINT NOT NULL,    -- nothing counts from then on
	marks   BYTEA  NOT NULL     -- moments, eight bytes of nanoseconds and four of how many each
);
CREATE INDEX tries_ends ON tries (ends);

-- +goose Down
DROP TABLE tries;
CREATE TABLE tries (
	subject TEXT   PRIMARY KEY,
	begun   BIGINT NOT NULL,
	ends    BIGINT NOT NULL,
	tries   BIGINT NOT NULL
);
CREATE INDEX tries_ends ON tries (ends);
