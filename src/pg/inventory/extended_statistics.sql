SELECT 'pg_statistic_ext'::regclass::oid AS class, x.oid, 0 AS sub,
       concat_ws(E'\n',
           pg_get_statisticsobjdef(x.oid),
           -- -1 before PostgreSQL 17, NULL from then on.
           'target ' || nullif(x.stxstattarget, -1),
           'owner ' || pg_get_userbyid(x.stxowner)
       ) AS definition
FROM pg_statistic_ext AS x
JOIN kept_schema AS s ON s.oid = x.stxnamespace
