-- Where the data directory and the table's tablespace are, and whether that is on the client's machine. The setting shows
-- only to who may see it; a default tablespace is in the data directory.
SELECT inet_client_addr() IS NULL OR inet_client_addr() = inet_server_addr() AS same_machine,
       (SELECT setting FROM pg_settings WHERE name = 'data_directory') AS data_directory,
       (SELECT nullif(pg_tablespace_location(coalesce(nullif(c.reltablespace, 0), d.dattablespace)), '')
        FROM pg_class AS c, pg_database AS d
        WHERE c.oid = $1 AND d.datname = current_database()) AS tablespace
