-- Whoever keeps dead row versions from being taken away for longest: a session's snapshot or transaction, a prepared
-- transaction, a replica's feedback, a replication slot.
-- A transaction that has written counts in whatever database, since every snapshot here begins with the oldest of them;
-- a mere snapshot only in this one.
SELECT who, age_in_transactions
FROM (
    SELECT format('session %s (%s, user %s, %s%s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name'),
                  coalesce(a.usename::text, '?'), coalesce(a.state, a.backend_type),
                  coalesce(', its transaction began at ' || to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS'), '')) AS who,
           greatest(age(seen.xmin), age(a.backend_xid)) AS age_in_transactions
    FROM pg_stat_activity AS a,
         LATERAL (SELECT CASE WHEN coalesce(a.datname = current_database(), true) THEN a.backend_xmin END AS xmin) AS seen
    WHERE (seen.xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
      AND a.application_name NOT LIKE 'longhaul%'
      AND a.pid <> pg_backend_pid()
      AND a.query NOT LIKE 'autovacuum: VACUUM%'
    UNION ALL
    SELECT format('the prepared transaction %L of %s, from %s', p.gid, p.owner, to_char(p.prepared, 'YYYY-MM-DD HH24:MI:SS')),
           age(p.transaction)
    FROM pg_prepared_xacts AS p
    UNION ALL
    SELECT format('the replication slot %I', s.slot_name), greatest(age(s.xmin), age(s.catalog_xmin))
    FROM pg_replication_slots AS s
    WHERE s.xmin IS NOT NULL
) AS holding
ORDER BY age_in_transactions DESC NULLS LAST
LIMIT 1
