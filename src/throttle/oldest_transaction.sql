-- The oldest transaction of others that keeps dead rows of this database: any that has written, whatever its database, and
-- any at all in this one; also one that was prepared and waits for its COMMIT.
WITH others AS (
    SELECT a.*
    FROM pg_stat_activity AS a
    WHERE a.pid <> pg_backend_pid()
      AND a.datid IS NOT NULL
      AND a.usesysid IS NOT NULL
      AND coalesce(a.application_name, '') NOT LIKE 'longhaul%'
), oldest AS (
    SELECT extract(epoch FROM clock_timestamp() - o.xact_start)::float8 AS seconds,
           format('session %s, %s, user %s, %s', o.pid, coalesce(nullif(o.application_name, ''), 'no name'),
                  coalesce(o.usename::text, '?'), coalesce(o.state, o.backend_type)) AS who
    FROM others AS o
    WHERE o.backend_type NOT IN ('autovacuum worker', 'walsender')
      AND (o.datname = current_database() OR o.backend_xid IS NOT NULL)
      AND o.xact_start IS NOT NULL
    UNION ALL
    SELECT extract(epoch FROM clock_timestamp() - p.prepared)::float8,
           format('the prepared transaction %L of %s', p.gid, p.owner)
    FROM pg_prepared_xacts AS p
    ORDER BY seconds DESC
    LIMIT 1
)
SELECT (SELECT count(*) FROM others AS o WHERE o.backend_type IS NULL) AS hidden, oldest.seconds, oldest.who
FROM (SELECT) AS always
LEFT JOIN oldest ON true
