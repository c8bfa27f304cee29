{schema}.same_table({name}::regclass, {table}::oid)
