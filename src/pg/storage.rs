//! How a table is stored: what the walk over it and the batches' number and size are chosen from.

use tokio_postgres::{Client, Error};

use super::catalog::Table;
use super::quote;
use crate::model::{Assignment, Key};

/// Pages that are looked at to see how full they are.
const SAMPLE_PAGES: f64 = 64.0;

/// A value that is longer is stored elsewhere, and its row holds a pointer of [`POINTER`] bytes: PostgreSQL's
/// `TOAST_TUPLE_THRESHOLD`.
const STORED_ELSEWHERE: u32 = 2032;
const POINTER: u32 = 18;

/// A row's header, aligned, and its line pointer.
const ROW_OVERHEAD: u32 = 24 + 4;

/// Rows are aligned to so many bytes.
const ALIGNMENT: f64 = 8.0;

/// Alignment takes at most this factor of what the columns hold; what seems more is room.
const MOST_PADDING: f64 = 1.25;

/// A page's header.
const PAGE_OVERHEAD: f64 = 24.0;

/// What the catalog, the server's settings and a sample say.
#[derive(Clone, Debug, PartialEq)]
pub struct Storage {
    /// An ordinary table in PostgreSQL's own format, with neither partitions nor children.
    pub is_heap: bool,
    /// Pages it has now, in all partitions.
    pub pages: u64,
    /// The file they are in; another after a rewrite.
    pub file_node: u32,
    /// Bytes a page.
    pub page_bytes: u64,
    /// The share of a page, in percent, that inserts fill.
    pub fillfactor: u32,
    /// The server's own cache, in bytes.
    pub shared_buffers: u64,
    /// Indexes on what the job sets: each of its updates writes every index.
    pub forbidding: Vec<String>,
    /// How far the first key column follows the rows' order in the file, from -1 to 1; `None`: not analyzed.
    pub correlation: Option<f32>,
    /// This role may VACUUM it.
    pub owned: bool,
    /// The server runs on this machine.
    pub same_machine: bool,
    /// Sessions of others that are running something.
    pub active_sessions: u64,
    /// What the pages of a sample hold; `None`: the sample met no row.
    pub sample: Option<PageSample>,
}

/// What a page holds on average.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct PageSample {
    /// Rows.
    pub rows: f64,
    /// Line pointers up to the last that is a row's.
    pub line_pointers: f64,
    /// Bytes that are free.
    pub free_bytes: f64,
    /// Bytes a row, its line pointer included. What alignment takes isn't told by any column: the fullest page of the
    /// sample is taken for full.
    pub row_bytes: f64,
    /// Bytes that a row grows by with its new values, in steps of the alignment; 0 where they can't be computed.
    pub growth: f64,
}

impl Storage {
    /// Reads it. Looks at some 64 pages of the table, whatever its size.
    pub async fn read(client: &Client, table: &Table, key: &Key, set: &[Assignment]) -> Result<Self, Error> {
        let targets: Vec<&str> = set.iter().map(|assignment| assignment.column.0.as_str()).collect();
        let first = key.columns.first().map(|column| column.name.0.as_str());
        let row =
            client.query_one(include_str!("catalog/storage.sql"), &[&table.oid, &targets, &first]).await?;
        let count = |name: &str| row.get::<_, i64>(name).unsigned_abs();
        let mut storage = Self {
            is_heap: row.get("is_heap"),
            pages: count("pages"),
            file_node: row.get("file_node"),
            page_bytes: count("block_size"),
            fillfactor: row.get::<_, i32>("fillfactor").unsigned_abs(),
            shared_buffers: count("shared_buffers"),
            forbidding: row.get("forbidding"),
            correlation: row.get("correlation"),
            owned: row.get("owned"),
            same_machine: row.get("same_machine"),
            active_sessions: count("active_sessions"),
            sample: None,
        };
        if storage.pages > 0 {
            storage.sample = sample(client, table, &storage).await?;
        }
        if let Some(sample) = &mut storage.sample {
            sample.growth = growth(client, table, set).await?;
        }
        Ok(storage)
    }

    /// As a percentage of the table's pages, so many as are looked at.
    fn sampled_percent(&self) -> f32 {
        #[expect(clippy::cast_possible_truncation, reason = "a percentage")]
        let percent = (SAMPLE_PAGES / self.pages as f64 * 100.0).min(100.0) as f32;
        percent
    }
}

async fn sample(client: &Client, table: &Table, storage: &Storage) -> Result<Option<PageSample>, Error> {
    let size = |column: &super::catalog::Column| {
        let name = quote::ident(&column.name);
        format!(
            "CASE WHEN pg_column_size({name}) > {STORED_ELSEWHERE} THEN {POINTER} \
             ELSE coalesce(pg_column_size({name}), 0) END"
        )
    };
    let sizes: Vec<String> = table.columns.iter().map(size).collect();
    let statement = format!(
        "SELECT coalesce(sum(rows), 0)::int8, count(*), coalesce(sum(bytes), 0)::int8, \
         coalesce(max(bytes + rows * {ROW_OVERHEAD}), 0)::float8, coalesce(avg(pointers), 0)::float8 \
         FROM (SELECT count(*) AS rows, sum({})::int8 AS bytes, \
               max(split_part(rtrim(ctid::text, ')'), ',', 2)::int4) AS pointers \
               FROM {} TABLESAMPLE SYSTEM ($1::float4) GROUP BY tableoid, split_part(ctid::text, ',', 1)) AS page",
        if sizes.is_empty() { "0".to_owned() } else { sizes.join(" + ") },
        quote::table(&table.name),
    );
    let row = client.query_one(&statement, &[&storage.sampled_percent()]).await?;
    let (rows, pages, bytes): (i64, i64, i64) = (row.get(0), row.get(1), row.get(2));
    if rows == 0 || pages == 0 {
        return Ok(None);
    }
    let row_bytes = bytes as f64 / rows as f64 + f64::from(ROW_OVERHEAD);
    let rows = rows as f64 / pages as f64;
    let capacity = storage.page_bytes as f64 - PAGE_OVERHEAD;
    // A full page lacks half a row on average.
    let full = capacity * f64::from(storage.fillfactor) / 100.0 - row_bytes / 2.0;
    let fullest: f64 = row.get(3);
    let row_bytes = row_bytes * (full / fullest).clamp(1.0, MOST_PADDING);
    let free_bytes = (capacity - rows * row_bytes).max(0.0);
    Ok(Some(PageSample { rows, line_pointers: row.get(4), free_bytes, row_bytes, growth: 0.0 }))
}

/// How much the author's expressions make a row grow, seen on its first rows. What can't be computed, or takes long, is
/// told by its batch.
async fn growth(client: &Client, table: &Table, set: &[Assignment]) -> Result<f64, Error> {
    let one = |assignment: &Assignment| {
        let column = table.column(&assignment.column)?;
        let (name, type_name) = (quote::ident(&column.name), &column.type_name);
        let size = |value: &str| format!("least(coalesce(pg_column_size({value}), 0), {STORED_ELSEWHERE})");
        let value = format!("({}\n)::{type_name}", assignment.expression);
        Some(format!("{} - {}", size(&value), size(&name)))
    };
    let sizes: Vec<String> = set.iter().filter_map(one).collect();
    let statement = format!(
        "SELECT coalesce(avg(growth), 0)::float8 FROM (SELECT {} AS growth FROM {} LIMIT 1000) AS sample",
        sizes.join(" + "),
        quote::table(&table.name),
    );
    client.batch_execute("BEGIN READ ONLY; SET LOCAL statement_timeout = '500ms'").await?;
    let row = client.query_one(&statement, &[]).await;
    client.batch_execute("ROLLBACK").await?;
    match row {
        Ok(row) => Ok((row.get::<_, f64>(0) / ALIGNMENT).ceil() * ALIGNMENT),
        Err(error) if error.code().is_some() => Ok(0.0),
        Err(error) => Err(error),
    }
}

/// Whoever keeps dead row versions from being taken away for longest, in words, and for how many transactions;
/// `None`: nobody outside this program.
pub async fn horizon_holder(client: &Client) -> Result<Option<(String, i32)>, Error> {
    let row = client.query_opt(include_str!("catalog/horizon.sql"), &[]).await?;
    Ok(row.and_then(|row| Some((row.get::<_, Option<String>>(0)?, row.get::<_, Option<i32>>(1)?))))
}
