-- Accounts elsewhere that people come in by.

-- +goose Up
CREATE TABLE identities (
	issuer   TEXT   NOT NULL,             -- address of the provider
	subject  TEXT   NOT NULL,             -- the person's id there
	member   TEXT   NOT NULL REFERENCES users,
	provider TEXT   NOT NULL DEFAULT '',  -- for people
	email    TEXT   NOT NULL DEFAULT '',  -- as told the last time
	bound    BIGINT NOT NULL,
	used     BIGINT NOT NULL DEFAULT 0,
	PRIMARY KEY (issuer, subject),
	UNIQUE (issuer, member)
);
CREATE INDEX identities_member ON identities (member);
-- Users who unbound somebody of a provider: it binds nobody to them by an address again.
CREATE TABLE identities_unbound (
	issuer TEXT   NOT NULL,
	member TEXT   NOT NULL REFERENCES users,
	at     BIGINT NOT NULL,
	PRIMARY KEY (issuer, member)
);

-- +goose Down
DROP TABLE identities_unbound;
DROP TABLE identities;
