-- Messages to buyers: how sellers want them, packages of SMS, whom to leave alone.

-- +goose Up
CREATE TABLE buyer_settings (
	org     TEXT   PRIMARY KEY REFERENCES orgs,
	body    TEXT   NOT NULL,             -- JSON
	version BIGINT NOT NULL
);

CREATE TABLE buyer_packages (
	id        TEXT   PRIMARY KEY,
	org       TEXT   NOT NULL REFERENCES orgs,
	bought    BIGINT NOT NULL,           -- segments of SMS
	remaining BIGINT NOT NULL,
	since     BIGINT NOT NULL,
	until     BIGINT NOT NULL
);
CREATE INDEX buyer_packages_org ON buyer_packages (org);

CREATE TABLE buyer_suppressed (
	org     TEXT   NOT NULL REFERENCES orgs,
	address TEXT   NOT NULL,             -- e-mail in lower case or +7…
	reason  TEXT   NOT NULL,
	since   BIGINT NOT NULL,
	PRIMARY KEY (org, address)
);

-- +goose Down
DROP TABLE buyer_suppressed;
DROP TABLE buyer_packages;
DROP TABLE buyer_settings;
