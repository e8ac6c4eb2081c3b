-- Places that registers left. Where each stands is in registers.

-- +goose Up
CREATE TABLE stays (
	org    TEXT   NOT NULL,
	reg_id TEXT   NOT NULL,
	n      BIGINT NOT NULL,              -- of the register, from 1
	outlet TEXT   REFERENCES nodes,      -- NULL: it stood nowhere
	until  BIGINT NOT NULL,              -- when it left
	wall   BIGINT NOT NULL,              -- the same by the register's clock, seconds; documents dated then are of the next place
	PRIMARY KEY (org, reg_id, n),
	FOREIGN KEY (org, reg_id) REFERENCES registers
);
CREATE INDEX stays_outlet ON stays (outlet);

-- +goose Down
DROP TABLE stays;
