-- Locks the worker's own row: while the transaction lasts, nobody can give it up as dead.
SELECT true FROM {schema}.worker WHERE id = $1 FOR NO KEY UPDATE
