-- +goose Up

-- Receipts and corrections added up by taxpayer, register, day or hour of the register's
-- clock, kind and drive: pages ask these instead of the documents. They change together
-- with the projections. kind is the operation (tag 1054) of receipts and BSO, -1 for
-- corrections; day and hour count from 1970.
CREATE TABLE days (
    drive_id  bigint  NOT NULL,
    user_inn  text    NOT NULL,
    reg_id    text    NOT NULL,
    day       bigint  NOT NULL,
    kind      bigint  NOT NULL,
    documents bigint  NOT NULL,
    lines     bigint  NOT NULL,
    total     bigint  NOT NULL,
    cash      bigint  NOT NULL,
    ecash     bigint  NOT NULL,
    prepaid   bigint  NOT NULL,
    credit    bigint  NOT NULL,
    provision bigint  NOT NULL,
    vat1      bigint  NOT NULL,
    vat2      bigint  NOT NULL,
    vat3      bigint  NOT NULL,
    vat4      bigint  NOT NULL,
    vat5      bigint  NOT NULL,
    vat6      bigint  NOT NULL,
    vat7      bigint  NOT NULL,
    vat8      bigint  NOT NULL,
    vat9      bigint  NOT NULL,
    vat10     bigint  NOT NULL,
    vat11     bigint  NOT NULL,
    vat12     bigint  NOT NULL,
    first_at  bigint  NOT NULL,
    last_at   bigint  NOT NULL,
    first_fd  bigint  NOT NULL,
    last_fd   bigint  NOT NULL,
    PRIMARY KEY (user_inn, reg_id, day, kind, drive_id)
) WITH (fillfactor = 70);

CREATE TABLE hours (
    drive_id  bigint  NOT NULL,
    user_inn  text    NOT NULL,
    reg_id    text    NOT NULL,
    hour      bigint  NOT NULL,
    kind      bigint  NOT NULL,
    documents bigint  NOT NULL,
    lines     bigint  NOT NULL,
    total     bigint  NOT NULL,
    cash      bigint  NOT NULL,
    ecash     bigint  NOT NULL,
    prepaid   bigint  NOT NULL,
    credit    bigint  NOT NULL,
    provision bigint  NOT NULL,
    vat1      bigint  NOT NULL,
    vat2      bigint  NOT NULL,
    vat3      bigint  NOT NULL,
    vat4      bigint  NOT NULL,
    vat5      bigint  NOT NULL,
    vat6      bigint  NOT NULL,
    vat7      bigint  NOT NULL,
    vat8      bigint  NOT NULL,
    vat9      bigint  NOT NULL,
    vat10     bigint  NOT NULL,
    vat11     bigint  NOT NULL,
    vat12     bigint  NOT NULL,
    first_at  bigint  NOT NULL,
    last_at   bigint  NOT NULL,
    first_fd  bigint  NOT NULL,
    last_fd   bigint  NOT NULL,
    PRIMARY KEY (user_inn, reg_id, hour, kind, drive_id)
) WITH (fillfactor = 70);

-- What is projected already.
INSERT INTO days (drive_id, user_inn, reg_id, day, kind, documents, lines, total, cash, ecash, prepaid, credit, provision, vat1, vat2, vat3, vat4, vat5, vat6, vat7, vat8, vat9, vat10, vat11, vat12, first_at, last_at, first_fd, last_fd)
SELECT drive_id, user_inn, reg_id, at / 86400, CASE WHEN form IN (3, 4) THEN operation ELSE -1 END, count(*), sum(lines), sum(total), coalesce(sum(cash), 0), coalesce(sum(ecash), 0), coalesce(sum(prepaid), 0), coalesce(sum(credit), 0), coalesce(sum(provision), 0), coalesce(sum(vat1), 0), coalesce(sum(vat2), 0), coalesce(sum(vat3), 0), coalesce(sum(vat4), 0), coalesce(sum(vat5), 0), coalesce(sum(vat6), 0), coalesce(sum(vat7), 0), coalesce(sum(vat8), 0), coalesce(sum(vat9), 0), coalesce(sum(vat10), 0), coalesce(sum(vat11), 0), coalesce(sum(vat12), 0), min(at), max(at), min(fd), max(fd)
FROM projections WHERE form IN (3, 4, 31, 41) GROUP BY 1, 2, 3, 4, 5;

INSERT INTO hours (drive_id, user_inn, reg_id, hour, kind, documents, lines, total, cash, ecash, prepaid, credit, provision, vat1, vat2, vat3, vat4, vat5, vat6, vat7, vat8, vat9, vat10, vat11, vat12, first_at, last_at, first_fd, last_fd)
SELECT drive_id, user_inn, reg_id, at / 3600, CASE WHEN form IN (3, 4) THEN operation ELSE -1 END, count(*), sum(lines), sum(total), coalesce(sum(cash), 0), coalesce(sum(ecash), 0), coalesce(sum(prepaid), 0), coalesce(sum(credit), 0), coalesce(sum(provision), 0), coalesce(sum(vat1), 0), coalesce(sum(vat2), 0), coalesce(sum(vat3), 0), coalesce(sum(vat4), 0), coalesce(sum(vat5), 0), coalesce(sum(vat6), 0), coalesce(sum(vat7), 0), coalesce(sum(vat8), 0), coalesce(sum(vat9), 0), coalesce(sum(vat10), 0), coalesce(sum(vat11), 0), coalesce(sum(vat12), 0), min(at), max(at), min(fd), max(fd)
FROM projections WHERE form IN (3, 4, 31, 41) GROUP BY 1, 2, 3, 4, 5;
