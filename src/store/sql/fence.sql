SELECT {schema}.fence($1, $2, $3, $4::text[], $5::oid, $6::text, $7::text)
