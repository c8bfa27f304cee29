-- The triggers that fire when the columns $2 of the table $1 are set, but for those that foreign keys are kept by.
SELECT t.tgname::text AS name,
       t.tgtype::int4 & 1 = 1 AS for_each_row,
       p.oid::regproc::text AS function,
       -- What it does outside the transaction stays when that is rolled back.
       coalesce(p.prosrc ~* '\mnextval\M', false) AS takes_numbers,
       NOT l.lanpltrusted AND l.lanname NOT IN ('internal', 'sql')
           OR coalesce(p.prosrc ~* '\m(dblink\w*|lo_export|pg_file_write)\M|\mto\s+program\M', false) AS reaches_out
FROM pg_trigger AS t
JOIN pg_proc AS p ON p.oid = t.tgfoid
JOIN pg_language AS l ON l.oid = p.prolang
WHERE t.tgrelid = $1
  AND NOT t.tgisinternal
  AND t.tgenabled NOT IN ('D', 'R')
  AND t.tgtype::int4 & 16 = 16
  AND (cardinality(t.tgattr::int2[]) = 0
       OR EXISTS (SELECT FROM pg_attribute AS a
                  WHERE a.attrelid = t.tgrelid AND a.attname = ANY ($2::text[]) AND a.attnum = ANY (t.tgattr::int2[])))
ORDER BY t.tgname
