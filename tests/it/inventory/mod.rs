//! The inventory tells everything that a revision can change, and nothing that doesn't matter.

mod alterations;

use longhaul::pg::Inventory;

use crate::support::Database;

const FIXTURE: &str = include_str!("fixture.sql");

/// Statements that don't need each other.
const INDEPENDENT: &[&str] = &[
    "CREATE TABLE a (x integer PRIMARY KEY, y text); CREATE INDEX ON a (y); GRANT SELECT ON a TO pg_monitor",
    "CREATE TYPE colour AS ENUM ('red', 'green'); COMMENT ON TYPE colour IS 'of something'",
    "CREATE FUNCTION one() RETURNS integer LANGUAGE sql AS 'SELECT 1'",
    "CREATE VIEW two AS SELECT 2 AS n; GRANT SELECT ON two TO pg_monitor, pg_signal_backend",
    "CREATE TABLE b (p integer); ALTER TABLE b ADD q text, ADD UNIQUE (p)",
];

impl Database {
    async fn inventory(&mut self) -> Inventory {
        self.inventory_without(&[]).await
    }

    async fn inventory_without(&mut self, leave_out: &[&str]) -> Inventory {
        Inventory::take(&mut self.client, leave_out).await.unwrap()
    }
}

/// Fails with the differences in words.
#[track_caller]
fn assert_equal(before: &Inventory, after: &Inventory) {
    let differences: Vec<String> = before.difference(after).iter().map(ToString::to_string).collect();
    assert!(differences.is_empty(), "{}", differences.join("\n"));
    assert_eq!(before, after);
}

#[tokio::test]
async fn an_empty_database_has_its_public_schema_and_one_extension() {
    let mut database = Database::empty().await;
    let empty = database.inventory().await;
    let names: Vec<&str> = empty.objects().map(|(name, _)| name).collect();
    insta::assert_snapshot!(names.join("\n"), @"
    comment on extension plpgsql
    comment on schema public
    extension plpgsql
    grants on schema public
    schema public
    ");
}

#[tokio::test]
#[expect(clippy::too_many_lines, reason = "the lines are the snapshot's")]
async fn one_of_everything_is_told() {
    let mut database = Database::empty().await;
    let empty = database.inventory().await;
    database.execute(FIXTURE).await;
    let full = database.inventory().await;
    let names: Vec<String> = empty.difference(&full).iter().map(|made| made.object().to_owned()).collect();
    insta::assert_snapshot!(names.join("\n"), @r###"
    access method pile
    aggregate shop.total(integer)
    cast (shop.mood AS integer)
    collation shop.plain
    comment on table column "Odd Shop"."Order ""x"""."Customer Id"
    comment on table shop.customers
    comment on trigger "Touch It" on shop.customers
    comment on type shop.percent
    composite type column shop.address."Zip Code"
    composite type column shop.address.street
    conversion shop.conversion
    default acl for role admin in schema shop on tables
    domain constraint sane on shop.percent
    event trigger watching
    foreign table column shop.abroad.n
    foreign table shop.abroad
    foreign-data wrapper wrapper
    function shop.base_in(pg_catalog.cstring)
    function shop.base_out(shop.base)
    function shop.double(integer)
    function shop.double(pg_catalog.text)
    function shop.touch()
    function shop.watch()
    function shop.weight(shop.mood)
    grants on function shop.double(integer)
    grants on schema shop
    grants on table column shop.customers.name
    grants on table shop.customers
    index shop."Odd Index"
    index shop.customers_pkey
    index shop.events_2026_note_idx
    index shop.events_note
    language tongue
    materialized view column shop.counts.n
    materialized view shop.counts
    operator class shop.class USING btree
    operator family shop.family USING btree
    operator shop.===(integer,integer)
    policy mine on shop.customers
    procedure shop.nothing()
    publication "out"
    publication relation shop.customers in publication out
    rule quiet on shop.scratch
    schema "Odd Shop"
    schema shop
    sequence shop.customers_id_seq
    sequence shop.customers_serial_number_seq
    sequence shop.numbers
    server far
    statistics object shop.together
    table "Odd Shop"."Order ""x"""
    table column "Odd Shop"."Order ""x"""."Customer Id"
    table column "Odd Shop"."Order ""x""".amount
    table column shop.customers.code
    table column shop.customers.discount
    table column shop.customers.doubled
    table column shop.customers.home
    table column shop.customers.id
    table column shop.customers.mood
    table column shop.customers.name
    table column shop.customers.seen
    table column shop.customers.serial_number
    table column shop.events.at
    table column shop.events.customer
    table column shop.events.note
    table column shop.events_2026.at
    table column shop.events_2026.customer
    table column shop.events_2026.note
    table column shop.scratch.n
    table column shop.special."Customer Id"
    table column shop.special.amount
    table constraint "to Customer" on "Odd Shop"."Order ""x"""
    table constraint customers_pkey on shop.customers
    table constraint events_customer_fkey on shop.events
    table constraint events_customer_fkey on shop.events_2026
    table constraint named on shop.customers
    table shop.customers
    table shop.events
    table shop.events_2026
    table shop.scratch
    table shop.special
    text search configuration shop.search
    text search dictionary shop.dictionary
    text search parser shop.parser
    text search template shop.template
    trigger "Touch It" on shop.customers
    trigger touch_event on shop.events
    trigger touch_event on shop.events_2026
    type shop.address
    type shop.base
    type shop.mood
    type shop.percent
    type shop.price_range
    user mapping public on server far
    view column shop.names.id
    view column shop.names.name
    view shop.names
    "###);
}

#[tokio::test]
async fn a_definition_is_one_property_a_line() {
    let mut database = Database::empty().await;
    database.execute(FIXTURE).await;
    let full = database.inventory().await;
    let told: Vec<String> = [
        "table column shop.customers.name",
        "table column shop.customers.seen",
        "table column shop.customers.doubled",
        "table shop.events_2026",
        "sequence shop.numbers",
        "type shop.mood",
        "index shop.\"Odd Index\"",
        "policy mine on shop.customers",
        "grants on table column shop.customers.name",
    ]
    .iter()
    .map(|object| format!("{object}\n{}", full.definition(object).unwrap()))
    .collect();
    insta::assert_snapshot!(told.join("\n\n"), @r#"
    table column shop.customers.name
    character varying(40)
    collation "C"
    not null

    table column shop.customers.seen
    timestamp with time zone
    default '2026-01-01 10:00:00+00'::timestamp with time zone

    table column shop.customers.doubled
    integer
    generated stored (3 * 2)

    table shop.events_2026
    partition of shop.events
    FOR VALUES FROM ('2026-01-01') TO ('2027-01-01')
    access method heap
    owner admin

    sequence shop.numbers
    bigint from 100 by 5
    between 1 and 9223372036854775807
    cache 3
    owner admin

    type shop.mood
    enum
    'glum'
    'it''s fine'
    owner admin

    index shop."Odd Index"
    CREATE UNIQUE INDEX "Odd Index" ON shop.customers USING btree (lower((name)::text)) WHERE (code IS NOT NULL)

    policy mine on shop.customers
    permissive for select
    to pg_monitor
    using ((name)::text = CURRENT_USER)

    grants on table column shop.customers.name
    pg_monitor=w/admin
    "#);
}

#[tokio::test]
async fn a_secret_of_a_user_mapping_is_not_told() {
    let mut database = Database::empty().await;
    database.execute(FIXTURE).await;
    let full = database.inventory().await;
    assert!(full.objects().any(|(name, _)| name == "user mapping public on server far"));
    assert!(full.objects().all(|(_, definition)| !definition.contains("secret")));
}

#[tokio::test]
async fn the_order_of_independent_statements_makes_no_difference() {
    let (mut forwards, mut backwards) = (Database::empty().await, Database::empty().await);
    for (first, last) in INDEPENDENT.iter().zip(INDEPENDENT.iter().rev()) {
        forwards.execute(first).await;
        backwards.execute(last).await;
    }
    assert_equal(&forwards.inventory().await, &backwards.inventory().await);
}

#[tokio::test]
async fn a_column_dropped_and_added_again_is_the_same() {
    let mut database = Database::empty().await;
    database.execute("CREATE TABLE t (a integer, b text DEFAULT 'x', c date)").await;
    let before = database.inventory().await;
    database.execute("ALTER TABLE t DROP b").await;
    assert_eq!(before.difference(&database.inventory().await).len(), 1);
    database.execute("ALTER TABLE t ADD b text DEFAULT 'x'").await;
    assert_equal(&before, &database.inventory().await);
}

#[tokio::test]
async fn rows_and_the_values_of_sequences_make_no_difference() {
    let mut database = Database::empty().await;
    database.execute("CREATE TABLE t (id bigserial PRIMARY KEY, note text)").await;
    let before = database.inventory().await;
    database.execute("INSERT INTO t (note) VALUES ('a'), ('b'); ANALYZE t").await;
    assert_equal(&before, &database.inventory().await);
}

#[tokio::test]
async fn the_settings_of_the_session_make_no_difference_and_stay() {
    let mut database = Database::empty().await;
    database.execute(FIXTURE).await;
    let before = database.inventory().await;
    let settings = "SET search_path = shop; SET TimeZone = 'Asia/Tokyo'; SET DateStyle = 'German'; \
                    SET quote_all_identifiers = on";
    database.execute(settings).await;
    database.execute("CREATE TEMP TABLE pg_class (oid integer)").await;
    assert_equal(&before, &database.inventory().await);
    assert_eq!(database.value::<String>("SHOW search_path").await, "shop");
    assert_eq!(database.value::<String>("SHOW TimeZone").await, "Asia/Tokyo");
}

#[tokio::test]
async fn a_role_without_rights_sees_the_same() {
    let mut database = Database::empty().await;
    database.execute(FIXTURE).await;
    // Only its owner and superusers see a mapping's options.
    database.execute("DROP USER MAPPING FOR public SERVER far").await;
    let before = database.inventory().await;
    database.execute("SET ROLE pg_signal_backend").await;
    assert_equal(&before, &database.inventory().await);
}

#[tokio::test]
async fn a_schema_that_is_left_out_takes_all_of_its_own_along() {
    let mut database = Database::empty().await;
    let before = database.inventory().await;
    database
        .execute(
            "CREATE SCHEMA \"Control\"; COMMENT ON SCHEMA \"Control\" IS 'ours'; \
             CREATE TABLE \"Control\".run (id serial PRIMARY KEY, note text CHECK (note <> '')); \
             COMMENT ON TABLE \"Control\".run IS 'ours'; GRANT SELECT ON \"Control\".run TO PUBLIC; \
             CREATE FUNCTION \"Control\".fence() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END'; \
             CREATE TRIGGER fence BEFORE UPDATE ON \"Control\".run FOR EACH ROW EXECUTE FUNCTION \"Control\".fence(); \
             CREATE POLICY none ON \"Control\".run USING (false); CREATE INDEX ON \"Control\".run (note); \
             CREATE DOMAIN \"Control\".word AS text CHECK (VALUE <> '')",
        )
        .await;
    assert!(before.difference(&database.inventory().await).len() > 10);
    assert_equal(&before, &database.inventory_without(&["Control"]).await);
}

#[tokio::test]
async fn what_belongs_to_an_extension_is_left_out_with_all_that_hangs_on_it() {
    let mut database = Database::empty().await;
    let before = database.inventory().await;
    database
        .execute(
            "CREATE TABLE t (id integer PRIMARY KEY, note text CHECK (note <> '')); COMMENT ON TABLE t IS 'x'; \
             GRANT SELECT ON t TO PUBLIC; CREATE FUNCTION f() RETURNS integer LANGUAGE sql AS 'SELECT 1'; \
             CREATE TYPE e AS ENUM ('a'); CREATE DOMAIN d AS text CHECK (VALUE <> '')",
        )
        .await;
    assert!(before.difference(&database.inventory().await).len() > 5);
    for member in ["TABLE t", "FUNCTION f()", "TYPE e", "DOMAIN d"] {
        database.execute(&format!("ALTER EXTENSION plpgsql ADD {member}")).await;
    }
    assert_equal(&before, &database.inventory().await);
}

#[tokio::test]
async fn from_15_on_a_publication_tells_its_schemas_columns_and_conditions() {
    let mut database = Database::empty().await;
    if database.value::<i32>("SELECT current_setting('server_version_num')::int4").await < 150_000 {
        return;
    }
    database.execute("CREATE SCHEMA s; CREATE TABLE t (a integer PRIMARY KEY, b text)").await;
    database.execute("CREATE PUBLICATION p FOR TABLE t (a) WHERE (a > 5); CREATE PUBLICATION q").await;
    database.execute("ALTER PUBLICATION q ADD TABLES IN SCHEMA s").await;
    let inventory = database.inventory().await;
    let table = inventory.definition("publication relation public.t in publication p");
    assert_eq!(table, Some("columns a\nwhere (a > 5)"));
    assert_eq!(inventory.definition("publication namespace s in publication q"), Some(""));
}
