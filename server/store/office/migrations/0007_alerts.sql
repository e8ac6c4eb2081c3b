-- Who is told when registers change colour. body is JSON: colours last seen and the
-- newest changes.

-- +goose Up
CREATE TABLE alerts (
	org     TEXT    NOT NULL REFERENCES orgs,
	member  TEXT    NOT NULL REFERENCES users,
	letters BOOLEAN NOT NULL,
	body    TEXT    NOT NULL,
	version BIGINT  NOT NULL,
	PRIMARY KEY (org, member)
);

-- +goose Down
DROP TABLE alerts;
