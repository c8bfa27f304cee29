-- What a run of this role would meet on this server, in one row. $1 is the control schema. Only what every role may read:
-- of others' sessions a role without pg_read_all_stats sees less, and is told so.
SELECT current_setting('server_version') AS version,
       (SELECT s.version FROM pg_stat_ssl AS s WHERE s.pid = pg_backend_pid() AND s.ssl) AS tls,
       coalesce(inet_server_addr() <<= '127.0.0.0/8' OR inet_server_addr() = '::1', true) AS is_here,
       quote_ident(current_user) AS role,
       quote_ident(current_database()) AS database,
       pg_has_role(current_user, 'pg_read_all_stats', 'USAGE') AS reads_activity,
       has_database_privilege(current_database(), 'CREATE') AS may_create,
       (SELECT has_schema_privilege(n.oid, 'USAGE')
        FROM pg_namespace AS n WHERE n.nspname = $1) AS may_use_control,
       current_setting('max_connections')::int8 - current_setting('superuser_reserved_connections')::int8
           - (SELECT count(*) FROM pg_stat_activity AS a WHERE a.datid IS NOT NULL AND a.pid <> pg_backend_pid())
           AS free_connections,
       current_setting('autovacuum')::bool AND current_setting('track_counts')::bool AS autovacuum,
       current_setting('track_activities')::bool AS track_activities,
       pg_size_bytes(current_setting('max_wal_size')) AS max_wal_size,
       pg_size_bytes(current_setting('shared_buffers')) AS shared_buffers,
       (SELECT count(*) FROM pg_stat_replication) AS standbys,
       current_setting('synchronous_standby_names') <> '' AND current_setting('synchronous_commit') NOT IN ('off', 'local')
           AS waits_for_standbys,
       (SELECT coalesce(array_agg(format('%I', s.slot_name) ORDER BY s.slot_name), '{}')
        FROM pg_replication_slots AS s WHERE NOT s.active) AS idle_slots,
       (SELECT coalesce(array_agg(format('%L of %s, from %s', p.gid, p.owner, to_char(p.prepared, 'YYYY-MM-DD HH24:MI'))
                                  ORDER BY p.prepared), '{}')
        FROM pg_prepared_xacts AS p) AS prepared,
       (SELECT coalesce(array_agg(format('%I', e.evtname) ORDER BY e.evtname), '{}')
        FROM pg_event_trigger AS e WHERE e.evtenabled <> 'D') AS event_triggers,
       (SELECT coalesce(array_agg(e.extname::text ORDER BY e.extname), '{}')
        FROM pg_extension AS e WHERE e.extname <> 'plpgsql') AS extensions,
       current_setting('archive_mode') <> 'off' AS archives,
       (SELECT to_char(a.last_failed_time, 'YYYY-MM-DD HH24:MI:SS') FROM pg_stat_archiver AS a
        WHERE a.last_failed_time > coalesce(a.last_archived_time, '-infinity')) AS archive_failed,
       extract(epoch FROM clock_timestamp())::float8 AS now
