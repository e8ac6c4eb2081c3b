-- Ordered reports with their files, and schedules that order them. body is JSON of
-- what nothing is searched by.

-- +goose Up
CREATE TABLE reports (
	id       TEXT   PRIMARY KEY, -- grows with time
	org      TEXT   NOT NULL REFERENCES orgs,
	member   TEXT   NOT NULL,    -- who ordered
	kind     TEXT   NOT NULL,
	state    TEXT   NOT NULL,
	created  BIGINT NOT NULL,
	due      BIGINT NOT NULL,    -- to be taken up then; 0: never
	expires  BIGINT NOT NULL,    -- of the file; 0: there is none yet
	body     TEXT   NOT NULL,
	file     BYTEA,
	version  BIGINT NOT NULL
);
CREATE INDEX reports_org ON reports (org, id);
CREATE INDEX reports_due ON reports (due);
CREATE INDEX reports_expires ON reports (expires);

CREATE TABLE report_schedules (
	id       TEXT    PRIMARY KEY,
	org      TEXT    NOT NULL REFERENCES orgs,
	member   TEXT    NOT NULL,
	paused   BOOLEAN NOT NULL,
	next_run BIGINT  NOT NULL,
	body     TEXT    NOT NULL,
	version  BIGINT  NOT NULL
);
CREATE INDEX report_schedules_org ON report_schedules (org, id);
CREATE INDEX report_schedules_next ON report_schedules (next_run);

-- +goose Down
DROP TABLE report_schedules;
DROP TABLE reports;
