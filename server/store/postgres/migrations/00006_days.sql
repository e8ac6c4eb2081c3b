-- +goose Up

-- Made days, which the next migrations make anew: sheetsMigration.
SELECT 1;
