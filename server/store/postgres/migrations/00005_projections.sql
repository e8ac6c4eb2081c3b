-- +goose Up

-- What is read out of the documents afterwards, for searches and reports: rows are
-- added in the order of documents.id, up to projection.upto. at is date_time, or the
-- second of arrival when that is not known. Sums of 0 and empty texts are NULL where
-- they may be.
CREATE TABLE projections (
    drive_id  bigint   NOT NULL,
    fd        bigint   NOT NULL,
    id        bigint   NOT NULL,
    at        bigint   NOT NULL,
    shift     bigint   NOT NULL,
    number    bigint   NOT NULL,
    total     bigint   NOT NULL,
    fpd       bigint   NOT NULL,
    cash      bigint,
    ecash     bigint,
    prepaid   bigint,
    credit    bigint,
    provision bigint,
    vat1      bigint,
    vat2      bigint,
    vat3      bigint,
    vat4      bigint,
    vat5      bigint,
    vat6      bigint,
    vat7      bigint,
    vat8      bigint,
    vat9      bigint,
    vat10     bigint,
    vat11     bigint,
    vat12     bigint,
    form      integer  NOT NULL,
    lines     integer  NOT NULL,
    operation smallint NOT NULL,
    taxation  smallint NOT NULL,
    reg_id    text     NOT NULL,
    user_inn  text     NOT NULL,
    cashier   text,
    contact   text,
    unread    text,
    PRIMARY KEY (drive_id, fd)
);
CREATE INDEX projections_by_at ON projections (at, id);
CREATE INDEX projections_by_drive ON projections (drive_id, at, id, shift, total);
CREATE INDEX projections_by_user_inn ON projections (user_inn, at, id, total, form, operation);
CREATE INDEX projections_by_fpd ON projections (fpd);
CREATE INDEX projections_by_contact ON projections (contact) WHERE contact IS NOT NULL;

-- Lines of receipts; quantity in millionths.
CREATE TABLE items (
    drive_id bigint   NOT NULL,
    fd       bigint   NOT NULL,
    price    bigint   NOT NULL,
    quantity bigint   NOT NULL,
    sum      bigint   NOT NULL,
    vat      bigint   NOT NULL,
    position integer  NOT NULL,
    rate     smallint NOT NULL,
    subject  smallint NOT NULL,
    method   smallint NOT NULL,
    measure  smallint NOT NULL,
    name     text     NOT NULL,
    unit     text     NOT NULL,
    code     text     NOT NULL,
    PRIMARY KEY (drive_id, fd, position)
);
CREATE INDEX items_by_code ON items (code) WHERE code <> '';

-- How far the projection is: the one row, changed together with what it counts.
CREATE TABLE projection (
    upto   bigint NOT NULL, -- documents.id
    passed bigint NOT NULL  -- documents
);
INSERT INTO projection (upto, passed) VALUES (0, 0);

CREATE TABLE unread (
    reason    text   PRIMARY KEY,
    documents bigint NOT NULL
);

-- An index over random numbers is dear in the hot table: it is among the projections.
DROP INDEX documents_by_fpd;
