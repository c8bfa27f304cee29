-- Replication slots, the one that keeps most first. A slot that never was used keeps nothing.
SELECT s.slot_name::text AS name,
       coalesce(pg_current_wal_lsn() - s.restart_lsn, 0)::int8 AS kept,
       coalesce(s.wal_status, '') AS wal_status,
       -- unreserved: the next checkpoint may take it; lost: it is gone, and so is the replica until it is built anew.
       coalesce(s.wal_status IN ('unreserved', 'lost'), false) AS loses
FROM pg_replication_slots AS s
ORDER BY kept DESC, s.slot_name
