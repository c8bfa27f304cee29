{schema}.same_file({table}::oid, {file}::oid)
