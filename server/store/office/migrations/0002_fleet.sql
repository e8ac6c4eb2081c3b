-- Departments, outlets, registers and how registers do.

-- +goose Up
CREATE TABLE nodes (
	id        TEXT   PRIMARY KEY,
	org       TEXT   NOT NULL REFERENCES orgs,
	parent    TEXT   REFERENCES nodes,      -- NULL at the top
	kind      TEXT   NOT NULL,              -- department, outlet
	name      TEXT   NOT NULL,
	address   TEXT   NOT NULL DEFAULT '',
	time_zone TEXT   NOT NULL DEFAULT '',
	lat       DOUBLE PRECISION NOT NULL DEFAULT 0,
	lon       DOUBLE PRECISION NOT NULL DEFAULT 0,
	target    BIGINT NOT NULL DEFAULT 0,    -- revenue aimed at in a month, kopecks
	version   BIGINT NOT NULL DEFAULT 1
);
CREATE INDEX nodes_org ON nodes (org);
CREATE INDEX nodes_parent ON nodes (parent);

CREATE TABLE registers (
	org        TEXT    NOT NULL REFERENCES orgs,
	reg_id     TEXT    NOT NULL,
	name       TEXT    NOT NULL,
	model      TEXT    NOT NULL DEFAULT '',
	serial     TEXT    NOT NULL DEFAULT '',
	fn         TEXT    NOT NULL DEFAULT '',
	outlet     TEXT    REFERENCES nodes,    -- NULL: stands nowhere
	reg_groups TEXT    NOT NULL DEFAULT '[]', -- JSON list of names
	connected  BIGINT  NOT NULL,
	archived   BIGINT  NOT NULL DEFAULT 0,
	paid_until BIGINT  NOT NULL DEFAULT 0,
	blocked    BOOLEAN NOT NULL DEFAULT FALSE,
	version    BIGINT  NOT NULL DEFAULT 1,
	PRIMARY KEY (org, reg_id)
);
CREATE INDEX registers_outlet ON registers (outlet);

-- What documents say; made from them and may be made anew. body is JSON.
CREATE TABLE states (
	user_inn TEXT NOT NULL,
	reg_id   TEXT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (user_inn, reg_id)
);
CREATE TABLE state_drives (
	user_inn TEXT NOT NULL,
	reg_id   TEXT NOT NULL,
	fn       TEXT NOT NULL,
	body     TEXT NOT NULL,
	PRIMARY KEY (user_inn, reg_id, fn)
);

-- How far those who follow the documents are: the ID of the last one each has handled.
CREATE TABLE places (
	follower TEXT   PRIMARY KEY,
	place    BIGINT NOT NULL
);

-- Own thresholds of users. body is JSON.
CREATE TABLE thresholds (
	member TEXT PRIMARY KEY REFERENCES users,
	body   TEXT NOT NULL
);

-- +goose Down
DROP TABLE thresholds;
DROP TABLE places;
DROP TABLE state_drives;
DROP TABLE states;
DROP TABLE registers;
DROP TABLE nodes;
