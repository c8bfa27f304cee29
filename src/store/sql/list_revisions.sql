SELECT id, checksum, content, origin,
       to_char(applied_at, 'YYYY-MM-DD HH24:MI:SS TZH:TZM') AS applied_at, applied_by, host
FROM {schema}.revision
