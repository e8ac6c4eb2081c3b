-- +goose Up

-- Receipts and corrections added up by taxpayer, register, day or hour of the register's
-- clock, kind and drive: pages ask these instead of the documents. They change together
-- with the projections. kind is the operation (tag 1054) of receipts and BSO, -1 for
-- corrections; day and hour count from 1970.
CREATE TABLE days (
    drive_id  INTEGER NOT NULL,
    user_inn  TEXT    NOT NULL,
    reg_id    TEXT    NOT NULL,
    day       INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    lines     INTEGER NOT NULL,
    total     INTEGER NOT NULL,
    cash      INTEGER NOT NULL,
    ecash     INTEGER NOT NULL,
    prepaid   INTEGER NOT NULL,
    credit    INTEGER NOT NULL,
    provision INTEGER NOT NULL,
    vat1      INTEGER NOT NULL,
    vat2      INTEGER NOT NULL,
    vat3      INTEGER NOT NULL,
    vat4      INTEGER NOT NULL,
    vat5      INTEGER NOT NULL,
    vat6      INTEGER NOT NULL,
    vat7      INTEGER NOT NULL,
    vat8      INTEGER NOT NULL,
    vat9      INTEGER NOT NULL,
    vat10     INTEGER NOT NULL,
    vat11     INTEGER NOT NULL,
    vat12     INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    first_fd  INTEGER NOT NULL,
    last_fd   INTEGER NOT NULL,
    PRIMARY KEY (user_inn, reg_id, day, kind, drive_id)
) STRICT, WITHOUT ROWID;

CREATE TABLE hours (
    drive_id  INTEGER NOT NULL,
    user_inn  TEXT    NOT NULL,
    reg_id    TEXT    NOT NULL,
    hour      INTEGER NOT NULL,
    kind      INTEGER NOT NULL,
    documents INTEGER NOT NULL,
    lines     INTEGER NOT NULL,
    total     INTEGER NOT NULL,
    cash      INTEGER NOT NULL,
    ecash     INTEGER NOT NULL,
    prepaid   INTEGER NOT NULL,
    credit    INTEGER NOT NULL,
    provision INTEGER NOT NULL,
    vat1      INTEGER NOT NULL,
    vat2      INTEGER NOT NULL,
    vat3      INTEGER NOT NULL,
    vat4      INTEGER NOT NULL,
    vat5      INTEGER NOT NULL,
    vat6      INTEGER NOT NULL,
    vat7      INTEGER NOT NULL,
    vat8      INTEGER NOT NULL,
    vat9      INTEGER NOT NULL,
    vat10     INTEGER NOT NULL,
    vat11     INTEGER NOT NULL,
    vat12     INTEGER NOT NULL,
    first_at  INTEGER NOT NULL,
    last_at   INTEGER NOT NULL,
    first_fd  INTEGER NOT NULL,
    last_fd   INTEGER NOT NULL,
    PRIMARY KEY (user_inn, reg_id, hour, kind, drive_id)
) STRICT, WITHOUT ROWID;

-- What is projected already.
INSERT INTO days (drive_id, user_inn, reg_id, day, kind, documents, lines, total, cash, ecash, prepaid, credit, provision, vat1, vat2, vat3, vat4, vat5, vat6, vat7, vat8, vat9, vat10, vat11, vat12, first_at, last_at, first_fd, last_fd)
SELECT drive_id, user_inn, reg_id, at / 86400, CASE WHEN form IN (3, 4) THEN operation ELSE -1 END, count(*), sum(lines), sum(total), coalesce(sum(cash), 0), coalesce(sum(ecash), 0), coalesce(sum(prepaid), 0), coalesce(sum(credit), 0), coalesce(sum(provision), 0), coalesce(sum(vat1), 0), coalesce(sum(vat2), 0), coalesce(sum(vat3), 0), coalesce(sum(vat4), 0), coalesce(sum(vat5), 0), coalesce(sum(vat6), 0), coalesce(sum(vat7), 0), coalesce(sum(vat8), 0), coalesce(sum(vat9), 0), coalesce(sum(vat10), 0), coalesce(sum(vat11), 0), coalesce(sum(vat12), 0), min(at), max(at), min(fd), max(fd)
FROM projections WHERE form IN (3, 4, 31, 41) GROUP BY 1, 2, 3, 4, 5;

INSERT INTO hours (drive_id, user_inn, reg_id, hour, kind, documents, lines, total, cash, ecash, prepaid, credit, provision, vat1, vat2, vat3, vat4, vat5, vat6, vat7, vat8, vat9, vat10, vat11, vat12, first_at, last_at, first_fd, last_fd)
SELECT drive_id, user_inn, reg_id, at / 3600, CASE WHEN form IN (3, 4) THEN operation ELSE -1 END, count(*), sum(lines), sum(total), coalesce(sum(cash), 0), coalesce(sum(ecash), 0), coalesce(sum(prepaid), 0), coalesce(sum(credit), 0), coalesce(sum(provision), 0), coalesce(sum(vat1), 0), coalesce(sum(vat2), 0), coalesce(sum(vat3), 0), coalesce(sum(vat4), 0), coalesce(sum(vat5), 0), coalesce(sum(vat6), 0), coalesce(sum(vat7), 0), coalesce(sum(vat8), 0), coalesce(sum(vat9), 0), coalesce(sum(vat10), 0), coalesce(sum(vat11), 0), coalesce(sum(vat12), 0), min(at), max(at), min(fd), max(fd)
FROM projections WHERE form IN (3, 4, 31, 41) GROUP BY 1, 2, 3, 4, 5;
