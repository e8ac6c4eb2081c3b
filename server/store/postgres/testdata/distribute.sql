SELECT success, result FROM run_command_on_all_nodes('ALTER SYSTEM SET citus.enable_unsafe_triggers TO on');
SELECT success, result FROM run_command_on_all_nodes('SELECT pg_reload_conf()');
SET citus.enable_unsafe_triggers TO on;
SET citus.shard_replication_factor TO 1;
CREATE OR REPLACE FUNCTION refuse_unprotocolled_event() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT EXISTS (SELECT 1 FROM protocol p WHERE p.fn = '' AND p.what = regexp_replace(TG_TABLE_NAME, '_[0-9]+$', '') AND p.kind = 'retention'
            AND p.last >= OLD.id AND OLD.id >= p.first AND OLD.at < p.before) THEN
        RAISE EXCEPTION '% are append-only', TG_TABLE_NAME;
    END IF;
    RETURN OLD;
END
$$;
SELECT create_reference_table('protocol');
SELECT create_reference_table('projection');
SELECT create_reference_table('unread');
SELECT create_distributed_table('drives', 'drive_id', colocate_with => 'none');
SELECT create_distributed_table('registrations', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('documents', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('projections', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('items', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('days', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('replacements', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('quarantine', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('incidents', 'drive_id', colocate_with => 'drives');
SELECT create_distributed_table('exchanges', 'drive_id', colocate_with => 'drives');
