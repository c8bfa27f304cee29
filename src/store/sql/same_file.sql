{schema}.same_file({table}, $11::oid)
