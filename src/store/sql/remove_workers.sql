-- Whoever calls this holds the lock of the runs, and has seen that none of them lives. One that beats again in this
-- very moment is given up all the same.
DELETE FROM {schema}.worker WHERE run_id = $1
