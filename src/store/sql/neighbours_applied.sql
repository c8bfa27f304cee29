SELECT coalesce(bool_or(id = $1), false),
       count(*) FILTER (WHERE id = ANY ($2::text[])),
       pg_backend_pid(),
       EXISTS (
           SELECT FROM {schema}.section
           WHERE revision = $1 AND (cardinality(done) > 0 OR begun IS NOT NULL)
       )
FROM {schema}.revision
WHERE id = $1 OR id = ANY ($2::text[])
