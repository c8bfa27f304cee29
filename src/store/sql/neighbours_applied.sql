SELECT coalesce(bool_or(id = $1), false), count(*) FILTER (WHERE id = ANY ($2::text[])), pg_backend_pid()
FROM {schema}.revision
WHERE id = $1 OR id = ANY ($2::text[])
