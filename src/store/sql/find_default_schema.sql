-- Where a revision's unqualified names are made, reckoned as if the control schema ($1) were there already: the first schema of the
-- search_path that is.
SELECT current_user::text, entry.name
FROM regexp_split_to_table(current_setting('longhaul.search_path'), ',') WITH ORDINALITY AS listed (name, position)
CROSS JOIN LATERAL (
    SELECT replace(trim(BOTH '"' FROM trim(listed.name)), '$user', current_user) AS name
) AS entry
WHERE entry.name = $1
   OR EXISTS (SELECT FROM pg_namespace WHERE nspname = entry.name)
ORDER BY listed.position
LIMIT 1
