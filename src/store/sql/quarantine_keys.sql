-- Rows of a run's quarantine without what is in them, behind one, in the order in which they were found.
SELECT id, key_value, sqlstate, error, tries, state, settled_by, why,
       to_char(found_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS found_at,
       to_char(tried_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS tried_at
FROM {schema}.quarantine
WHERE run_id = $1 AND id > $2
ORDER BY id
LIMIT $3
