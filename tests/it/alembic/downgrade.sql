BEGIN;

-- Running downgrade 100000000001 -> 

DROP TABLE net;

UPDATE alembic_version SET version_num='9f0e1d2c3b4a' WHERE alembic_version.version_num = '100000000001';

-- Running downgrade 9f0e1d2c3b4a -> 3cd0a1b2e5f6, ae1027a6acf0

INSERT INTO alembic_version (version_num) VALUES ('ae1027a6acf0') RETURNING alembic_version.version_num;

UPDATE alembic_version SET version_num='3cd0a1b2e5f6' WHERE alembic_version.version_num = '9f0e1d2c3b4a';

-- Running downgrade 3cd0a1b2e5f6 -> 27c6a30d7c24

COMMIT;

DROP INDEX CONCURRENTLY ix_invoice_account;

BEGIN;

UPDATE alembic_version SET version_num='27c6a30d7c24' WHERE alembic_version.version_num = '3cd0a1b2e5f6';

-- Running downgrade 27c6a30d7c24 -> 1975ea83b712

DROP TABLE invoice;

DELETE FROM alembic_version WHERE alembic_version.version_num = '27c6a30d7c24';

-- Running downgrade ae1027a6acf0 -> 1975ea83b712

ALTER TABLE account DROP COLUMN email;

UPDATE alembic_version SET version_num='1975ea83b712' WHERE alembic_version.version_num = 'ae1027a6acf0';

-- Running downgrade 1975ea83b712 -> 

DROP TABLE account;

DELETE FROM alembic_version WHERE alembic_version.version_num = '1975ea83b712';

COMMIT;

