-- Where the WAL is, and how far the archive. The command may hold a password, and what is read here goes into logs: only
-- whether it is empty is asked, which a role without rights isn't told.
SELECT current_setting('archive_mode') AS archive_mode,
       pg_size_bytes(current_setting('wal_segment_size')) AS segment_bytes,
       (pg_current_wal_lsn() - '0/0')::int8 AS current,
       a.last_archived_wal,
       a.last_failed_wal,
       CASE WHEN a.last_failed_time > coalesce(a.last_archived_time, '-infinity')
            THEN to_char(a.last_failed_time, 'YYYY-MM-DD HH24:MI:SS') END AS failing_since,
       (SELECT setting = '' FROM pg_settings WHERE name = 'archive_command') AS archive_command_is_empty,
       (SELECT setting FROM pg_settings WHERE name = 'archive_library') AS archive_library
FROM pg_stat_archiver AS a
