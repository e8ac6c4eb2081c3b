-- +goose Up

-- Entries about a drive lie where its documents lie: drive_id is that of the FN, 0 when
-- the FN is no number. The key goes on beginning with the FN, by which lists are read.
-- Changing the type fills the column past the triggers that refuse changes.
ALTER TABLE quarantine ADD COLUMN drive_id bigint;
ALTER TABLE quarantine ALTER COLUMN drive_id TYPE bigint USING CASE WHEN fn ~ '^[0-9]{1,16}$' THEN ('1' || fn)::bigint ELSE 0 END,
    ALTER COLUMN drive_id SET NOT NULL;
ALTER TABLE quarantine DROP CONSTRAINT quarantine_pkey, ADD PRIMARY KEY (fn, id, drive_id);

ALTER TABLE incidents ADD COLUMN drive_id bigint;
ALTER TABLE incidents ALTER COLUMN drive_id TYPE bigint USING CASE WHEN fn ~ '^[0-9]{1,16}$' THEN ('1' || fn)::bigint ELSE 0 END,
    ALTER COLUMN drive_id SET NOT NULL;
ALTER TABLE incidents DROP CONSTRAINT incidents_pkey, ADD PRIMARY KEY (fn, id, drive_id);

ALTER TABLE exchanges ADD COLUMN drive_id bigint;
ALTER TABLE exchanges ALTER COLUMN drive_id TYPE bigint USING CASE WHEN fn ~ '^[0-9]{1,16}$' THEN ('1' || fn)::bigint ELSE 0 END,
    ALTER COLUMN drive_id SET NOT NULL;
ALTER TABLE exchanges DROP CONSTRAINT exchanges_pkey, ADD PRIMARY KEY (fn, id, drive_id);

-- Drives that took over a register whose other drives may lie on other machines and
-- have not all been told yet: written with the document (id) of the new drive, deleted
-- when all are told. Empty where the tables are not divided.
CREATE TABLE replacements (
    drive_id bigint NOT NULL,
    id       bigint NOT NULL,
    reg_id   text   NOT NULL,
    PRIMARY KEY (drive_id, id)
);
-- The last replacement that the drive was told of, so that it is told once.
ALTER TABLE drives ADD COLUMN replaced_by bigint;
