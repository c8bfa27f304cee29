SELECT id, key_value, key_value::text AS literal, old_values, sqlstate,
       error || coalesce(' (' || detail || ')', '') AS error, tries, state, settled_by, why,
       to_char(found_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS found_at,
       to_char(tried_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS tried_at
FROM {schema}.quarantine
WHERE run_id = $1 AND ($2::text IS NULL OR state = $2)
ORDER BY id
