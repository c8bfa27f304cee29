//! On a table that has everything: the catalog at the end is that of a table born with the new name, and after each step
//! back that of the step before.

use std::collections::BTreeMap;

use longhaul::pg::Inventory;

use super::clients::{Client, Writing};
use crate::support::{Database, Project};

const EVERYTHING: &str = include_str!("everything.sql");

/// What version 14 can't publish.
const PUBLISHED: &str = "CREATE PUBLICATION listed FOR TABLE \"Pay Roll\".\"Entries\" (id, \"Person\", {pay}) WHERE ({pay} <> 'g6')";

const STEPS: usize = 7;

/// The steps after which clients know the new column, and before which they know the old one.
const EXPAND: usize = 1;

/// The table, with the column under that name.
async fn make(database: &Database, column: &str) {
    let role = "DO $$ BEGIN CREATE ROLE kit_reader; EXCEPTION WHEN duplicate_object OR unique_violation THEN END $$";
    database.execute(role).await;
    database.execute(&EVERYTHING.replace("{pay}", column)).await;
    if database.value::<i32>("SELECT current_setting('server_version_num')::int4").await >= 150_000 {
        database.execute(&PUBLISHED.replace("{pay}", column)).await;
    }
}

async fn inventory(database: &Database) -> Inventory {
    Inventory::take(&mut database.connect().await, &["longhaul"]).await.unwrap()
}

fn writing(column: &str, first: i64) -> Writing {
    let table = "\"Pay Roll\".\"Entries\"";
    Writing {
        insert: format!("INSERT INTO {table} (\"Person\", {column}) VALUES ($1, $2) RETURNING id"),
        update: format!("UPDATE {table} SET {column} = $2 WHERE id = $1"),
        first,
    }
}

/// Both kinds of clients, as far as their columns are there.
struct Clients<'p> {
    project: &'p Project,
    old: Option<Client>,
    new: Option<Client>,
    wrote: BTreeMap<i64, String>,
}

impl Clients<'_> {
    /// Those work that can after `steps` steps, and while one more is done or undone.
    async fn change_over(&mut self, from: usize, to: usize) {
        let (knows_old, knows_new) = (from.max(to) < STEPS, from.min(to) >= EXPAND);
        if let Some(old) = self.old.take_if(|_| !knows_old) {
            self.wrote.extend(old.stop().await);
        }
        if let Some(new) = self.new.take_if(|_| !knows_new) {
            self.wrote.extend(new.stop().await);
        }
        if knows_old && self.old.is_none() {
            let client = Client::start(&self.project.database, "old", writing("gross_pay", 1)).await;
            self.old = Some(client);
        }
        if knows_new && self.new.is_none() {
            let client = Client::start(&self.project.database, "new", writing("gross_amount", 2)).await;
            self.new = Some(client);
        }
    }

    /// All rows hold what was last written to them.
    async fn compare(&mut self, column: &str) {
        for client in [self.old.take(), self.new.take()].into_iter().flatten() {
            self.wrote.extend(client.stop().await);
        }
        let sql = format!(
            "SELECT string_agg(id || '=' || {column}, ' ' ORDER BY id) FROM \"Pay Roll\".\"Entries\" WHERE id = ANY ($1)"
        );
        let ids: Vec<i64> = self.wrote.keys().copied().collect();
        let held: String = self.project.database.row(&sql, &[&ids]).await.get(0);
        let wrote: Vec<String> = self.wrote.iter().map(|(id, value)| format!("{id}={value}")).collect();
        assert_eq!(held, wrote.join(" "));
    }
}

#[tokio::test]
async fn a_rename_of_a_column_with_everything_on_it_goes_forward_and_back_from_every_step_under_writes() {
    let database = Database::empty().await;
    let born = Database::empty().await;
    make(&born, "gross_amount").await;
    make(&database, "gross_pay").await;
    database
        .execute(
            "INSERT INTO \"Pay Roll\".\"Entries\" (\"Person\", gross_pay) SELECT 'p' || n, 'g' || n % 10 FROM generate_series(1, 2000) AS n;
             INSERT INTO \"Pay Roll\".bonuses SELECT id, gross_pay FROM \"Pay Roll\".\"Entries\" WHERE id < 200;
             ANALYZE",
        )
        .await;
    let project = Project::new(database);
    project.configure("lock_timeout = \"150ms\"\n");
    let outcome =
        project.longhaul(&["rename-column", "\"Pay Roll\".\"Entries\".gross_pay", "gross_amount"]).await.succeeded();
    assert_eq!(outcome.stdout.lines().count(), STEPS, "{}", outcome.stdout);
    let mut states = vec![inventory(&project.database).await];
    let mut clients = Clients { project: &project, old: None, new: None, wrote: BTreeMap::new() };
    for step in 1..=STEPS {
        // There, back, and there again.
        for (from, to) in [(step - 1, step), (step, step - 1), (step - 1, step)] {
            go(&project, &mut clients, from, to).await;
            let found = inventory(&project.database).await;
            match states.get(to) {
                Some(state) => assert_eq!(state.difference(&found), [], "from {from} to {to}"),
                None => states.push(found),
            }
        }
    }
    clients.compare("gross_amount").await;
    assert_eq!(inventory(&born).await.difference(&states[STEPS]), []);
    for step in (0..STEPS).rev() {
        go(&project, &mut clients, step + 1, step).await;
        assert_eq!(states[step].difference(&inventory(&project.database).await), [], "back to {step}");
    }
    clients.compare("gross_pay").await;
}

async fn go(project: &Project, clients: &mut Clients<'_>, from: usize, to: usize) {
    clients.change_over(from, to).await;
    let arguments: &[&str] = if to > from { &["upgrade", "+1"] } else { &["downgrade", "-1", "--yes"] };
    project.longhaul(arguments).await.succeeded();
    clients.change_over(to, to).await;
}
