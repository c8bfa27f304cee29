BEGIN;

CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL, 
    CONSTRAINT alembic_version_pkc PRIMARY KEY (version_num)
);

-- Running upgrade  -> 1975ea83b712

CREATE TABLE account (
    id BIGSERIAL NOT NULL, 
    name VARCHAR(50) NOT NULL, 
    PRIMARY KEY (id)
);

INSERT INTO alembic_version (version_num) VALUES ('1975ea83b712') RETURNING alembic_version.version_num;

-- Running upgrade 1975ea83b712 -> ae1027a6acf0

ALTER TABLE account ADD COLUMN email TEXT;

UPDATE account SET email = name || '@example.com; -- Running upgrade  -> ffff';

UPDATE alembic_version SET version_num='ae1027a6acf0' WHERE alembic_version.version_num = '1975ea83b712';

-- Running upgrade 1975ea83b712 -> 27c6a30d7c24

CREATE TABLE invoice (
    id BIGSERIAL NOT NULL, 
    account_id BIGINT, 
    PRIMARY KEY (id), 
    FOREIGN KEY(account_id) REFERENCES account (id)
);

INSERT INTO alembic_version (version_num) VALUES ('27c6a30d7c24') RETURNING alembic_version.version_num;

-- Running upgrade 27c6a30d7c24 -> 3cd0a1b2e5f6

COMMIT;

CREATE INDEX CONCURRENTLY ix_invoice_account ON invoice (account_id);

BEGIN;

UPDATE alembic_version SET version_num='3cd0a1b2e5f6' WHERE alembic_version.version_num = '27c6a30d7c24';

-- Running upgrade 3cd0a1b2e5f6, ae1027a6acf0 -> 9f0e1d2c3b4a

DELETE FROM alembic_version WHERE alembic_version.version_num = '3cd0a1b2e5f6';

UPDATE alembic_version SET version_num='9f0e1d2c3b4a' WHERE alembic_version.version_num = 'ae1027a6acf0';

-- Running upgrade  -> 100000000001

CREATE TABLE net (id int);

UPDATE alembic_version SET version_num='100000000001' WHERE alembic_version.version_num = '9f0e1d2c3b4a';

COMMIT;

