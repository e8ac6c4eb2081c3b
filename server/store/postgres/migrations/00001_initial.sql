-- +goose Up

-- Every row of every list has its place from this one sequence. A transaction that
-- draws from it first takes the shared advisory lock (253 << 52) | last_value: so a
-- reader can tell which rows may still be on their way. The first value is used up
-- here: last_value is always less than what will be drawn.
CREATE SEQUENCE row_ids;
SELECT nextval('row_ids');

-- One row per FN. drive_id is a 1 followed by the digits of the FN, a number that
-- every key of its documents begins with. The columns stored, confirmed and findings
-- are totals of its documents. Half of each page is left free, so that a new state
-- stays on the page of the old one and touches no index.
CREATE TABLE drives (
    drive_id   bigint   PRIMARY KEY,
    id         bigint   NOT NULL DEFAULT nextval('row_ids'),
    version    bigint   NOT NULL DEFAULT 0,
    last_fd    bigint   NOT NULL DEFAULT 0,
    last_at    bigint,
    documents  bigint   NOT NULL DEFAULT 0,
    gap_count  bigint   NOT NULL DEFAULT 0,
    stored     bigint   NOT NULL DEFAULT 0,
    confirmed  bigint   NOT NULL DEFAULT 0,
    findings   bigint   NOT NULL DEFAULT 0,
    ffd        smallint NOT NULL DEFAULT 0,
    fn         text     NOT NULL,
    reg_id     text     NOT NULL DEFAULT '',
    user_inn   text     NOT NULL DEFAULT '',
    user_name  text     NOT NULL DEFAULT '',
    kkt_number text     NOT NULL DEFAULT '',
    address    text     NOT NULL DEFAULT '',
    status     text     NOT NULL DEFAULT '',
    policy     text     NOT NULL DEFAULT '',
    gaps       json,
    history    bytea
) WITH (fillfactor = 50);
CREATE INDEX drives_by_id ON drives (id);

-- Which registration numbers and users a drive was seen with.
CREATE TABLE registrations (
    drive_id bigint NOT NULL REFERENCES drives,
    id       bigint NOT NULL DEFAULT nextval('row_ids'),
    reg_id   text   NOT NULL,
    user_inn text   NOT NULL,
    PRIMARY KEY (drive_id, reg_id, user_inn)
);
CREATE INDEX registrations_by_reg_id ON registrations (reg_id);
CREATE INDEX registrations_by_user_inn ON registrations (user_inn);

-- The hot table: accepted documents with their confirmations, and how each came.
-- References are kept by the server: checking them here would cost a lock a row.
CREATE TABLE documents (
    id              bigint   NOT NULL,
    drive_id        bigint   NOT NULL,
    registration_id bigint,
    fd              bigint   NOT NULL,
    date_time       bigint,
    received_at     bigint,
    shift           bigint   NOT NULL,
    number          bigint   NOT NULL,
    total           bigint   NOT NULL,
    fpd             bigint   NOT NULL,
    exchange_at     bigint,
    took            bigint   NOT NULL,
    stlv_at         integer,
    stlv_len        integer,
    form            integer  NOT NULL,
    ffd             smallint NOT NULL,
    operation       smallint NOT NULL,
    policy          text     NOT NULL,
    fps             text     NOT NULL,
    fpd_check       text     NOT NULL,
    fault           text,
    peer            text     NOT NULL,
    detail          text     NOT NULL,
    findings        json,
    message         bytea,
    confirmation    bytea,
    stlv            bytea,
    request         bytea,
    response        bytea,
    response_head   bytea,
    PRIMARY KEY (drive_id, fd)
);
CREATE INDEX documents_by_id ON documents (id);
CREATE INDEX documents_by_fpd ON documents (fpd);
CREATE INDEX documents_flagged ON documents (id) WHERE findings IS NOT NULL;

CREATE TABLE quarantine (
    fn      text   NOT NULL,
    id      bigint NOT NULL,
    at      bigint,
    fd      bigint NOT NULL,
    fault   text,
    detail  text   NOT NULL,
    message bytea,
    PRIMARY KEY (fn, id)
);
CREATE INDEX quarantine_by_id ON quarantine (id);

CREATE TABLE incidents (
    fn    text   NOT NULL,
    id    bigint NOT NULL,
    at    bigint,
    fd    bigint NOT NULL,
    fault text,
    text  text   NOT NULL,
    PRIMARY KEY (fn, id)
);
CREATE INDEX incidents_by_id ON incidents (id);

-- Exchanges that stored no document.
CREATE TABLE exchanges (
    fn       text   NOT NULL,
    id       bigint NOT NULL,
    at       bigint,
    took     bigint NOT NULL,
    peer     text   NOT NULL,
    fd       bigint NOT NULL,
    fault    text,
    detail   text   NOT NULL,
    request  bytea,
    response bytea,
    PRIMARY KEY (fn, id)
);
CREATE INDEX exchanges_by_id ON exchanges (id);
