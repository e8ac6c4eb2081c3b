-- API keys, webhooks and answers that may be repeated.

-- +goose Up
CREATE TABLE api_keys (
	id        TEXT   PRIMARY KEY,
	org       TEXT   NOT NULL REFERENCES orgs,
	maker     TEXT   NOT NULL,
	digest    TEXT   NOT NULL UNIQUE, -- SHA-256 of the key
	body      TEXT   NOT NULL,        -- JSON: name, scopes, limits, last letters
	created   BIGINT NOT NULL,
	expires   BIGINT NOT NULL DEFAULT 0,
	revoked   BIGINT NOT NULL DEFAULT 0,
	used      BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX api_keys_org ON api_keys (org, created);
CREATE TABLE api_origins (
	api_key TEXT NOT NULL REFERENCES api_keys,
	origin  TEXT NOT NULL,
	PRIMARY KEY (origin, api_key)
);

CREATE TABLE webhooks (
	id       TEXT    PRIMARY KEY,
	org      TEXT    NOT NULL REFERENCES orgs,
	maker    TEXT    NOT NULL,
	api_key  TEXT    NOT NULL DEFAULT '', -- that it was made with
	url      TEXT    NOT NULL,
	events   TEXT    NOT NULL,            -- divided by blanks
	is_off   BOOLEAN NOT NULL DEFAULT FALSE,
	secret   BYTEA   NOT NULL,            -- encrypted
	created  BIGINT  NOT NULL,
	version  BIGINT  NOT NULL DEFAULT 1
);
CREATE INDEX webhooks_org ON webhooks (org, created);
CREATE TABLE webhook_deliveries (
	id       TEXT   PRIMARY KEY, -- grows with time
	hook     TEXT   NOT NULL REFERENCES webhooks,
	org      TEXT   NOT NULL,
	event    TEXT   NOT NULL,
	body     BYTEA  NOT NULL,
	state    TEXT   NOT NULL,
	tries    BIGINT NOT NULL DEFAULT 0,
	status   BIGINT NOT NULL DEFAULT 0,
	reason   TEXT   NOT NULL DEFAULT '',
	created  BIGINT NOT NULL,
	due      BIGINT NOT NULL,
	done     BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX webhook_deliveries_due ON webhook_deliveries (state, due);
CREATE INDEX webhook_deliveries_hook ON webhook_deliveries (hook, id);
CREATE TABLE webhook_marks (
	hook    TEXT NOT NULL REFERENCES webhooks,
	subject TEXT NOT NULL,
	mark    TEXT NOT NULL,
	PRIMARY KEY (hook, subject)
);

CREATE TABLE api_answers (
	id      TEXT   PRIMARY KEY,
	request TEXT   NOT NULL,
	status  BIGINT NOT NULL DEFAULT 0, -- 0: under way
	header  TEXT   NOT NULL DEFAULT '{}',
	body    BYTEA,
	at_time BIGINT NOT NULL
);
CREATE INDEX api_answers_time ON api_answers (at_time);

-- +goose Down
DROP TABLE api_answers;
DROP TABLE webhook_marks;
DROP TABLE webhook_deliveries;
DROP TABLE webhooks;
DROP TABLE api_origins;
DROP TABLE api_keys;
