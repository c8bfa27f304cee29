SELECT {schema}.fence($1, $2, $3, $4::text[], $5::oid, $6::text, $7::text),
       -- What follows in this transaction has the job's own SQL in it: its names, and its rights.
       set_config('search_path', current_setting('longhaul.search_path'), true),
       CASE WHEN $8::text IS NOT NULL THEN set_config('role', $8::text, true) END
