-- Organisations, people and how they come in. Times are nanoseconds since 1970 UTC, 0 for none.

-- +goose Up
CREATE TABLE orgs (
	id         TEXT    PRIMARY KEY,
	name       TEXT    NOT NULL,           -- as people call it
	full_name  TEXT    NOT NULL DEFAULT '',
	inn        TEXT    UNIQUE,             -- NULL until the company card is filled in
	kpp        TEXT    NOT NULL DEFAULT '',
	ogrn       TEXT    NOT NULL DEFAULT '',
	address    TEXT    NOT NULL DEFAULT '',
	email      TEXT    NOT NULL DEFAULT '',
	phone      TEXT    NOT NULL DEFAULT '',
	time_zone  TEXT    NOT NULL DEFAULT '',
	owner      TEXT    NOT NULL,           -- user who created the account
	version    BIGINT  NOT NULL DEFAULT 1, -- grows with every change
	created_at BIGINT  NOT NULL
);

CREATE TABLE users (
	id            TEXT    PRIMARY KEY,
	login         TEXT    UNIQUE,          -- user name, lower case; NULL when none was chosen
	email         TEXT    UNIQUE,          -- lower case
	phone         TEXT    UNIQUE,          -- +7 and ten digits
	name          TEXT    NOT NULL DEFAULT '',
	password      TEXT    NOT NULL,        -- argon2id in the PHC form
	email_at      BIGINT  NOT NULL DEFAULT 0, -- confirmed
	phone_at      BIGINT  NOT NULL DEFAULT 0,
	consent_at    BIGINT  NOT NULL DEFAULT 0,
	created_at    BIGINT  NOT NULL
);

CREATE TABLE members (
	org      TEXT NOT NULL REFERENCES orgs,
	member   TEXT NOT NULL REFERENCES users,
	role     TEXT NOT NULL,
	branches TEXT NOT NULL DEFAULT '[]',   -- JSON list of departments and outlets; empty: all
	since    BIGINT NOT NULL,
	PRIMARY KEY (org, member)
);
CREATE INDEX members_member ON members (member);

-- Secrets are kept as hashes only.
CREATE TABLE sessions (
	id         TEXT   PRIMARY KEY,         -- SHA-256 of the token, hex
	member     TEXT   NOT NULL REFERENCES users,
	org        TEXT   NOT NULL DEFAULT '', -- the one chosen
	address    TEXT   NOT NULL DEFAULT '',
	agent      TEXT   NOT NULL DEFAULT '',
	created_at BIGINT NOT NULL,
	seen_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX sessions_member ON sessions (member);

-- Codes sent by SMS and links sent by mail, each good for one purpose once.
CREATE TABLE proofs (
	id         TEXT   PRIMARY KEY,         -- of a code: purpose and whom; of a link: SHA-256 of its token
	purpose    TEXT   NOT NULL,
	member     TEXT   NOT NULL,
	subject    TEXT   NOT NULL DEFAULT '', -- address or number that it proves
	secret     TEXT   NOT NULL DEFAULT '', -- hash of a code
	tries      BIGINT NOT NULL DEFAULT 0,
	sent_at    BIGINT NOT NULL,
	expires_at BIGINT NOT NULL
);
CREATE INDEX proofs_member ON proofs (member, purpose);

CREATE TABLE audit (
	id      TEXT   PRIMARY KEY,            -- grows with time
	at      BIGINT NOT NULL,
	org     TEXT   NOT NULL DEFAULT '',
	member  TEXT   NOT NULL DEFAULT '',
	address TEXT   NOT NULL DEFAULT '',
	action  TEXT   NOT NULL,
	result  TEXT   NOT NULL,
	detail  TEXT   NOT NULL DEFAULT ''
);
CREATE INDEX audit_org ON audit (org, id);

-- +goose Down
DROP TABLE audit;
DROP TABLE proofs;
DROP TABLE sessions;
DROP TABLE members;
DROP TABLE users;
DROP TABLE orgs;
