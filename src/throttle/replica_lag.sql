-- Where each replica is in the WAL, as bytes, beside where the primary is: at the least one row, without a replica. Who is
-- not connected shows by its slot. Where rights are missing, a replica shows without its state.
WITH replica AS (
    SELECT CASE WHEN s.slot_type = 'logical' THEN 'subscriber ' ELSE 'standby ' END
               || coalesce(nullif(r.application_name, ''), 'without a name')
               || coalesce(' at ' || host(r.client_addr), '') AS who,
           r.state IS NULL AS hidden,
           -- Who replays nothing yet, or reports no replay as some subscribers do, is where it has got to. What streams by a
           -- physical slot and replays nothing (pg_receivewal) is no replica.
           coalesce(
               r.replay_lsn,
               CASE WHEN s.slot_type = 'logical' OR r.state = 'catchup'
                    THEN coalesce(r.flush_lsn, r.write_lsn, r.sent_lsn) END
           ) AS position,
           extract(epoch FROM r.replay_lag)::float8 AS replay_lag
    FROM pg_stat_replication AS r
    LEFT JOIN pg_replication_slots AS s ON s.active_pid = r.pid
    -- A base backup.
    WHERE r.state IS DISTINCT FROM 'backup'
    UNION ALL
    SELECT format('slot %s, not connected', s.slot_name), false, s.restart_lsn, NULL
    FROM pg_replication_slots AS s
    WHERE s.slot_type = 'physical' AND NOT s.active AND NOT s.temporary AND s.restart_lsn IS NOT NULL
)
SELECT coalesce(r.who, '') AS who,
       coalesce(r.hidden, false) AS hidden,
       (r.position - '0/0')::int8 AS position,
       r.replay_lag,
       (primary_at.lsn - '0/0')::int8 AS current
FROM (SELECT pg_current_wal_lsn() AS lsn) AS primary_at
LEFT JOIN replica AS r ON true
