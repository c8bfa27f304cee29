-- Locks the workers' own rows: while the transaction lasts, nobody can give them up as dead.
SELECT true FROM {schema}.worker WHERE id = ANY ($1) FOR NO KEY UPDATE
