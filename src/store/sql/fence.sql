SELECT {schema}.fence($1, $2, $3, $4::text[], $5::oid, $6::text, $7::text),
       -- What follows in this transaction has the job's own SQL in it: its names, and its rights.
       set_config('search_path', current_setting('longhaul.search_path'), true),
       CASE WHEN $8::text IS NOT NULL THEN set_config('role', $8::text, true) END,
       -- Rows that were read first are joined to be changed: by their key, whatever the planner takes a stride to be. It
       -- would hash the whole table for each batch.
       CASE WHEN $9::bool THEN set_config('enable_hashjoin', 'off', true) END,
       CASE WHEN $9::bool THEN set_config('enable_mergejoin', 'off', true) END
