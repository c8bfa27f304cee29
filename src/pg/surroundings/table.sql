-- What surrounds a table whose columns $2 are set, in one row. $1 is the table.
WITH target AS (
    SELECT a.attnum, a.attname FROM pg_attribute AS a WHERE a.attrelid = $1 AND a.attname = ANY ($2::text[])
), published AS (
    SELECT p.pubname, p.pubupdate
    FROM pg_publication AS p
    JOIN pg_publication_tables AS t ON t.pubname = p.pubname
    WHERE t.schemaname = (SELECT n.nspname FROM pg_class AS c JOIN pg_namespace AS n ON n.oid = c.relnamespace WHERE c.oid = $1)
      AND t.tablename = (SELECT c.relname FROM pg_class AS c WHERE c.oid = $1)
)
SELECT (SELECT coalesce(array_agg(format('%I', r.rulename) ORDER BY r.rulename), '{}')
        FROM pg_rewrite AS r WHERE r.ev_class = c.oid AND r.ev_type = '2' AND r.ev_enabled NOT IN ('D', 'R')) AS rules,
       (SELECT coalesce(array_agg(format('%I', a.attname) ORDER BY a.attnum), '{}')
        FROM pg_attribute AS a
        WHERE a.attrelid = c.oid AND a.attgenerated = 's'
          AND EXISTS (
              -- Before PostgreSQL 15 the column itself depends on what it is computed from, then its expression.
              SELECT FROM pg_depend AS d JOIN target ON target.attnum = d.refobjsubid
              WHERE d.refclassid = 'pg_class'::regclass AND d.refobjid = c.oid
                AND (d.classid = 'pg_class'::regclass AND d.objid = c.oid AND d.objsubid = a.attnum
                     OR d.classid = 'pg_attrdef'::regclass
                        AND d.objid = (SELECT f.oid FROM pg_attrdef AS f WHERE f.adrelid = c.oid AND f.adnum = a.attnum))
          )) AS generated,
       (SELECT coalesce(array_agg(format('%I', o.conname) ORDER BY o.conname), '{}')
        FROM pg_constraint AS o WHERE o.conrelid = c.oid AND o.contype = 'c' AND NOT o.convalidated) AS unproved,
       (SELECT coalesce(array_agg(format('%I', ic.relname) ORDER BY ic.relname), '{}')
        FROM pg_index AS i JOIN pg_class AS ic ON ic.oid = i.indexrelid
        WHERE i.indrelid = c.oid AND (i.indisunique OR i.indisexclusion) AND i.indislive
          AND EXISTS (SELECT FROM target WHERE target.attnum = ANY (i.indkey::int2[]))) AS unique_on_targets,
       (SELECT coalesce(array_agg(format('%I', pubname) ORDER BY pubname), '{}') FROM published WHERE pubupdate) AS publications,
       c.relreplident = 'f' AS identity_full,
       c.relreplident = 'n'
           OR c.relreplident = 'd' AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisprimary)
           OR c.relreplident = 'i' AND NOT EXISTS (SELECT FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indisreplident)
           AS identity_missing,
       c.relpersistence = 'u' AS unlogged,
       coalesce((SELECT option_value::int4 FROM pg_options_to_table(c.reloptions) WHERE option_name = 'fillfactor'), 100)
           AS fillfactor,
       coalesce((SELECT option_value::bool FROM pg_options_to_table(c.reloptions) WHERE option_name = 'autovacuum_enabled'), true)
           AS autovacuum,
       c.reltuples::float8 AS rows,
       coalesce((SELECT s.n_dead_tup FROM pg_stat_all_tables AS s WHERE s.relid = c.oid), 0)::int8 AS dead_rows,
       (SELECT count(*) FROM pg_index AS i WHERE i.indrelid = c.oid AND i.indislive) AS indexes,
       pg_indexes_size(c.oid)::int8 AS index_bytes,
       CASE WHEN c.relkind = 'r' THEN age(c.relfrozenxid) ELSE 0 END AS xid_age,
       CASE WHEN c.relkind = 'r' THEN mxid_age(c.relminmxid) ELSE 0 END AS multixact_age,
       current_setting('autovacuum_freeze_max_age')::int4 AS freeze_max_age,
       current_setting('autovacuum_multixact_freeze_max_age')::int4 AS multixact_freeze_max_age,
       coalesce((SELECT setting::int4 FROM pg_settings WHERE name = 'vacuum_failsafe_age'), 1600000000) AS failsafe_age,
       pg_size_bytes(current_setting('max_wal_size')) AS max_wal_size,
       (SELECT setting::float8 FROM pg_settings WHERE name = 'checkpoint_timeout') AS checkpoint_timeout,
       current_setting('full_page_writes')::bool AS writes_full_pages,
       EXISTS (SELECT FROM pg_stat_progress_vacuum AS v WHERE v.relid = c.oid) AS is_vacuumed,
       (SELECT coalesce(max(extract(epoch FROM clock_timestamp() - a.xact_start)), 0)::float8
        FROM pg_stat_activity AS a
        WHERE a.datname = current_database() AND a.pid <> pg_backend_pid() AND a.application_name NOT LIKE 'longhaul%'
          AND a.backend_type = 'client backend') AS oldest_transaction
FROM pg_class AS c
WHERE c.oid = $1
