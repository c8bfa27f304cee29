SELECT {schema}.fence($1, $2, $3::text[], $4::text, $5::text)
