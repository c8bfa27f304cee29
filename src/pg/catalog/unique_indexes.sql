-- Unique indexes with their key columns in order, and what keeps each from being walked as a key. A row comparison
-- like (a, b) > ($1, $2) uses an index only if it orders all columns the same way, by each type's default operator
-- class and the column's own collation.
SELECT ic.relname::text AS name,
       i.indisprimary AS primary,
       array_agg(coalesce(a.attname::text, '?') ORDER BY k.position) AS columns,
       -- With the column's collation, where that is not its type's: a domain's own would stand against it.
       array_agg(coalesce(
           format_type(a.atttypid, a.atttypmod)
               || CASE WHEN a.attcollation <> t.typcollation THEN format(' COLLATE %I.%I', cn.nspname, c.collname) ELSE '' END,
           '?'
       ) ORDER BY k.position) AS types,
       coalesce(array_agg(a.attname::text ORDER BY k.position) FILTER (WHERE NOT a.attnotnull OR n.unproved), '{}')
           AS nullable,
       -- Where the operators are that compare its values, beside pg_catalog.
       coalesce(array_agg(DISTINCT opn.nspname::text) FILTER (WHERE opn.nspname <> 'pg_catalog'), '{}') AS schemas,
       CASE
           WHEN NOT i.indisvalid THEN 'it is not valid'
           WHEN i.indpred IS NOT NULL THEN 'it covers only a part of the rows'
           WHEN bool_or(k.attnum = 0) THEN 'it is on an expression'
           WHEN count(DISTINCT k.option & 1) > 1 THEN 'its columns run in different directions'
           WHEN bool_or(k.option IN (1, 2)) THEN 'it has NULLs on the side where ORDER BY has them not'
           WHEN bool_or(NOT oc.opcdefault) THEN 'it orders by an operator class of its own'
           WHEN bool_or(k.collation_id <> a.attcollation) THEN 'it orders by a collation of its own'
       END AS unfit
FROM pg_index AS i
JOIN pg_class AS ic ON ic.oid = i.indexrelid
JOIN pg_am AS am ON am.oid = ic.relam AND am.amname = 'btree'
CROSS JOIN LATERAL (
    SELECT position, attnum, collation_id, class, option
    FROM unnest(i.indkey::int2[], i.indcollation::oid[], i.indclass::oid[], i.indoption::int2[])
        WITH ORDINALITY AS k (attnum, collation_id, class, option, position)
    WHERE position <= i.indnkeyatts
) AS k
JOIN pg_opclass AS oc ON oc.oid = k.class
JOIN pg_namespace AS opn ON opn.oid = oc.opcnamespace
LEFT JOIN pg_attribute AS a ON a.attrelid = i.indrelid AND a.attnum = k.attnum AND k.attnum > 0
-- From PostgreSQL 18 on a column may be NOT NULL by a constraint that is NOT VALID, with NULLs in it.
CROSS JOIN LATERAL (
    SELECT EXISTS (
        SELECT FROM pg_constraint AS nn
        WHERE nn.conrelid = i.indrelid AND nn.contype = 'n' AND nn.conkey = ARRAY[k.attnum] AND NOT nn.convalidated
    ) AS unproved
) AS n
LEFT JOIN pg_type AS t ON t.oid = a.atttypid
LEFT JOIN pg_collation AS c ON c.oid = a.attcollation
LEFT JOIN pg_namespace AS cn ON cn.oid = c.collnamespace
WHERE i.indrelid = $1 AND i.indisunique
GROUP BY i.indexrelid, ic.relname
ORDER BY i.indisprimary DESC, i.indnkeyatts, ic.relname
