-- One of everything that an inventory tells, some of it with names that need their quotes.
CREATE SCHEMA shop;
CREATE SCHEMA "Odd Shop";

CREATE TYPE shop.mood AS ENUM ('glum', 'it''s fine');
CREATE TYPE shop.address AS (street text, "Zip Code" varchar(10));
CREATE TYPE shop.price_range AS RANGE (subtype = numeric);
CREATE DOMAIN shop.percent AS numeric(5,2) DEFAULT 0 NOT NULL CONSTRAINT sane CHECK (VALUE BETWEEN 0 AND 100);
CREATE COLLATION shop.plain (provider = libc, locale = 'C');
CREATE SEQUENCE shop.numbers START 100 INCREMENT 5 CACHE 3;

CREATE FUNCTION shop.double(value integer) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT value * 2';
CREATE FUNCTION shop.double(value text) RETURNS text LANGUAGE sql IMMUTABLE AS 'SELECT value || value';
CREATE FUNCTION shop.touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';
CREATE FUNCTION shop.watch() RETURNS event_trigger LANGUAGE plpgsql AS 'BEGIN END';
CREATE FUNCTION shop.weight(of shop.mood) RETURNS integer LANGUAGE sql IMMUTABLE AS 'SELECT 1';
CREATE PROCEDURE shop.nothing() LANGUAGE sql AS 'SELECT 1';
CREATE AGGREGATE shop.total(integer) (sfunc = int4pl, stype = integer, initcond = '0');

CREATE TABLE shop.customers (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    serial_number serial,
    name varchar(40) COLLATE "C" NOT NULL,
    mood shop.mood,
    home shop.address,
    discount shop.percent,
    code text DEFAULT 'x' || '1',
    doubled integer GENERATED ALWAYS AS (3 * 2) STORED,
    seen timestamptz DEFAULT '2026-01-01 12:00+02',
    CONSTRAINT named CHECK (name <> '')
) WITH (fillfactor = 90);
CREATE TABLE "Odd Shop"."Order ""x""" (
    "Customer Id" bigint CONSTRAINT "to Customer" REFERENCES shop.customers ON DELETE CASCADE DEFERRABLE,
    amount numeric(12,2)
);
CREATE TABLE shop.events (at date NOT NULL, customer bigint REFERENCES shop.customers, note text) PARTITION BY RANGE (at);
CREATE TABLE shop.events_2026 PARTITION OF shop.events FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');
CREATE TABLE shop.special () INHERITS ("Odd Shop"."Order ""x""");
CREATE UNLOGGED TABLE shop.scratch (n integer);

CREATE UNIQUE INDEX "Odd Index" ON shop.customers (lower(name)) WHERE code IS NOT NULL;
CREATE INDEX events_note ON shop.events (note);
CREATE STATISTICS shop.together (dependencies) ON name, code FROM shop.customers;
CREATE VIEW shop.names AS SELECT id, name FROM shop.customers;
CREATE MATERIALIZED VIEW shop.counts AS SELECT count(*) AS n FROM shop.customers;
CREATE RULE quiet AS ON INSERT TO shop.scratch WHERE NEW.n < 0 DO INSTEAD NOTHING;
CREATE TRIGGER "Touch It" BEFORE UPDATE ON shop.customers FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE TRIGGER touch_event AFTER INSERT ON shop.events FOR EACH ROW EXECUTE FUNCTION shop.touch();
CREATE EVENT TRIGGER watching ON ddl_command_end WHEN TAG IN ('CREATE TABLE', 'ALTER TABLE') EXECUTE FUNCTION shop.watch();
CREATE POLICY mine ON shop.customers FOR SELECT TO pg_monitor USING (name = current_user);
CREATE PUBLICATION out FOR TABLE shop.customers WITH (publish = 'insert');

CREATE CAST (shop.mood AS integer) WITH FUNCTION shop.weight(shop.mood);
CREATE OPERATOR shop.=== (leftarg = integer, rightarg = integer, function = int4eq, commutator = OPERATOR(shop.===));
CREATE OPERATOR FAMILY shop.family USING btree;
CREATE OPERATOR CLASS shop.class FOR TYPE integer USING btree FAMILY shop.family AS OPERATOR 1 <, FUNCTION 1 btint4cmp(integer, integer);
CREATE TEXT SEARCH PARSER shop.parser (start = prsd_start, gettoken = prsd_nexttoken, end = prsd_end, lextypes = prsd_lextype);
CREATE TEXT SEARCH TEMPLATE shop.template (init = dsimple_init, lexize = dsimple_lexize);
CREATE TEXT SEARCH DICTIONARY shop.dictionary (template = shop.template);
CREATE TEXT SEARCH CONFIGURATION shop.search (parser = shop.parser);
ALTER TEXT SEARCH CONFIGURATION shop.search ADD MAPPING FOR asciiword WITH shop.dictionary;
CREATE CONVERSION shop.conversion FOR 'LATIN1' TO 'UTF8' FROM iso8859_1_to_utf8;
CREATE FOREIGN DATA WRAPPER wrapper;
CREATE SERVER far FOREIGN DATA WRAPPER wrapper OPTIONS (host 'far.example');
CREATE USER MAPPING FOR public SERVER far OPTIONS (password 'secret');
CREATE FOREIGN TABLE shop.abroad (n integer OPTIONS (name 'N')) SERVER far OPTIONS (file 'x');
CREATE TYPE shop.base;
CREATE FUNCTION shop.base_in(cstring) RETURNS shop.base LANGUAGE internal IMMUTABLE STRICT AS 'textin';
CREATE FUNCTION shop.base_out(shop.base) RETURNS cstring LANGUAGE internal IMMUTABLE STRICT AS 'textout';
CREATE TYPE shop.base (input = shop.base_in, output = shop.base_out, like = text);
CREATE LANGUAGE tongue HANDLER plpgsql_call_handler;
CREATE ACCESS METHOD pile TYPE TABLE HANDLER heap_tableam_handler;
ALTER DEFAULT PRIVILEGES IN SCHEMA shop GRANT SELECT ON TABLES TO pg_monitor;

COMMENT ON TABLE shop.customers IS 'who buys';
COMMENT ON COLUMN "Odd Shop"."Order ""x"""."Customer Id" IS 'who';
COMMENT ON TRIGGER "Touch It" ON shop.customers IS 'touches';
COMMENT ON DOMAIN shop.percent IS 'of a hundred';
GRANT SELECT ON shop.customers TO pg_monitor;
GRANT UPDATE (name) ON shop.customers TO pg_monitor;
GRANT USAGE ON SCHEMA shop TO PUBLIC;
REVOKE EXECUTE ON FUNCTION shop.double(integer) FROM PUBLIC;
