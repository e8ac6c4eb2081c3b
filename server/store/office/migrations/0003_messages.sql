-- Letters and SMS: the outbox. body is JSON of what lists do not show: HTML and files.

-- +goose Up
CREATE TABLE messages (
	id       TEXT   PRIMARY KEY, -- grows with time
	org      TEXT   NOT NULL DEFAULT '',
	kind     TEXT   NOT NULL,
	channel  TEXT   NOT NULL,
	receiver TEXT   NOT NULL,
	subject  TEXT   NOT NULL DEFAULT '',
	text     TEXT   NOT NULL,
	body     BYTEA,
	state    TEXT   NOT NULL,
	reason   TEXT   NOT NULL DEFAULT '',
	tries    BIGINT NOT NULL DEFAULT 0,
	about    TEXT   NOT NULL DEFAULT '',
	created  BIGINT NOT NULL,
	due      BIGINT NOT NULL,
	done     BIGINT NOT NULL
);
CREATE INDEX messages_due ON messages (state, due);
CREATE INDEX messages_org ON messages (org, id);
CREATE INDEX messages_about ON messages (about);

-- +goose Down
DROP TABLE messages;
