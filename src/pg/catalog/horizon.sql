-- Whoever keeps dead row versions from being taken away for longest: a session's snapshot or transaction, a prepared
-- transaction, a replica's feedback, a replication slot. What is done in another database keeps nothing in this one.
SELECT who, age_in_transactions
FROM (
    SELECT format('session %s (%s, user %s, %s%s)', a.pid, coalesce(nullif(a.application_name, ''), 'no name'),
                  coalesce(a.usename::text, '?'), coalesce(a.state, a.backend_type),
                  coalesce(', its transaction began at ' || to_char(a.xact_start, 'YYYY-MM-DD HH24:MI:SS'), '')) AS who,
           greatest(age(a.backend_xmin), age(a.backend_xid)) AS age_in_transactions
    FROM pg_stat_activity AS a
    WHERE (a.backend_xmin IS NOT NULL OR a.backend_xid IS NOT NULL)
      AND (a.datname = current_database() OR a.datname IS NULL)
      AND a.application_name NOT LIKE 'longhaul%'
      AND a.pid <> pg_backend_pid()
      AND a.query NOT LIKE 'autovacuum: VACUUM%'
    UNION ALL
    SELECT format('the prepared transaction %L of %s, from %s', p.gid, p.owner, to_char(p.prepared, 'YYYY-MM-DD HH24:MI:SS')),
           age(p.transaction)
    FROM pg_prepared_xacts AS p
    WHERE p.database = current_database()
    UNION ALL
    SELECT format('the replication slot %I', s.slot_name), greatest(age(s.xmin), age(s.catalog_xmin))
    FROM pg_replication_slots AS s
    WHERE s.xmin IS NOT NULL
) AS holding
ORDER BY age_in_transactions DESC NULLS LAST
LIMIT 1
