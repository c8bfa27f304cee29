//! What EXPLAIN (ANALYZE, BUFFERS, WAL, FORMAT JSON) says of a batch.

use serde_json::Value;

/// Scans that find their rows by what bounds them, with the key of those bounds in the plan.
const BOUNDS: &[(&str, &str)] = &[
    ("Index Scan", "Index Cond"),
    ("Index Only Scan", "Index Cond"),
    ("Bitmap Index Scan", "Index Cond"),
    ("Tid Range Scan", "TID Cond"),
    ("Tid Scan", "TID Cond"),
];

/// A batch's plan and, where it was run, its costs.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Explained {
    /// The first scan of the table that nothing bounds; `None`: there is none.
    pub unbounded: Option<String>,
    /// Rows changed.
    pub changed: f64,
    /// Rows that were looked at for that.
    pub visited: f64,
    /// Seconds, all in all.
    pub total: f64,
    /// Seconds that finding the rows took.
    pub finding: f64,
    /// WAL bytes.
    pub wal: f64,
    /// Full pages in it.
    pub images: f64,
    /// Triggers and foreign keys.
    pub triggers: Vec<TriggerTime>,
}

/// What a trigger took.
#[derive(Clone, Debug, PartialEq)]
pub struct TriggerTime {
    /// Its name, or that of the constraint that it keeps.
    pub name: String,
    /// Seconds.
    pub seconds: f64,
    /// How often it was called.
    pub calls: f64,
}

impl Explained {
    /// Reads the JSON; `tables` are the names, without their schema, of the table and its partitions, whose scans are looked
    /// at. `None`: it is no plan.
    #[must_use]
    pub fn read(json: &Value, tables: &[String]) -> Option<Self> {
        let top = json.get(0)?;
        let plan = top.get("Plan")?;
        let mut explained = Self {
            total: milliseconds(top.get("Execution Time")),
            wal: number(plan.get("WAL Bytes")),
            images: number(plan.get("WAL FPI")),
            triggers: top
                .get("Triggers")
                .and_then(Value::as_array)
                .map_or_else(Vec::new, |all| all.iter().map(TriggerTime::read).collect()),
            ..Self::default()
        };
        explained.walk(plan, tables);
        Some(explained)
    }

    fn walk(&mut self, node: &Value, tables: &[String]) {
        let text = |name: &str| node.get(name).and_then(Value::as_str).unwrap_or_default();
        let children = || node.get("Plans").and_then(Value::as_array).into_iter().flatten();
        let kind = text("Node Type");
        if kind == "ModifyTable" && text("Operation") == "Update" {
            self.changed += number(node.get("Actual Rows"));
            self.finding += children()
                .filter(|child| child.get("Parent Relationship").and_then(Value::as_str) != Some("InitPlan"))
                .map(|child| milliseconds(child.get("Actual Total Time")) * loops(child))
                .sum::<f64>();
        }
        let is_of_table = tables.iter().any(|table| text("Relation Name") == table);
        if kind.ends_with("Scan") && kind != "CTE Scan" && kind != "Bitmap Index Scan" && is_of_table {
            self.visited +=
                (number(node.get("Actual Rows")) + number(node.get("Rows Removed by Filter"))) * loops(node);
            let is_bounded = is_bounded(node) || kind == "Bitmap Heap Scan" && children().all(is_bounded);
            if !is_bounded && self.unbounded.is_none() {
                self.unbounded = Some(kind.to_owned());
            }
        }
        for child in children() {
            self.walk(child, tables);
        }
    }
}

fn is_bounded(node: &Value) -> bool {
    let kind = node.get("Node Type").and_then(Value::as_str).unwrap_or_default();
    BOUNDS.iter().any(|(scan, bound)| kind == *scan && node.get(bound).is_some())
}

impl TriggerTime {
    fn read(json: &Value) -> Self {
        let name = |key: &str| json.get(key).and_then(Value::as_str);
        Self {
            name: name("Constraint Name").or_else(|| name("Trigger Name")).unwrap_or_default().to_owned(),
            seconds: milliseconds(json.get("Time")),
            calls: number(json.get("Calls")),
        }
    }
}

fn loops(node: &Value) -> f64 {
    node.get("Actual Loops").map_or(1.0, |loops| number(Some(loops)).max(1.0))
}

fn number(value: Option<&Value>) -> f64 {
    value.and_then(Value::as_f64).unwrap_or(0.0)
}

fn milliseconds(value: Option<&Value>) -> f64 {
    number(value) / 1000.0
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn names(name: &str) -> [String; 1] {
        [name.to_owned()]
    }

    #[test]
    fn a_batch_in_physical_order_is_bounded_and_its_costs_are_read() {
        let plan = json!([{
            "Plan": { "Node Type": "Aggregate", "WAL Bytes": 900_000, "WAL FPI": 100, "Plans": [
                { "Node Type": "ModifyTable", "Operation": "Update", "Relation Name": "items",
                  "Parent Relationship": "InitPlan", "Actual Rows": 900.0, "Actual Loops": 1, "Plans": [
                    { "Node Type": "Tid Range Scan", "Relation Name": "items", "TID Cond": "…", "Actual Rows": 900,
                      "Rows Removed by Filter": 9100, "Actual Total Time": 8.0, "Actual Loops": 1,
                      "Parent Relationship": "Outer" }] },
                { "Node Type": "CTE Scan", "CTE Name": "changed", "Actual Rows": 900, "Actual Loops": 1 }] },
            "Triggers": [{ "Trigger Name": "audit", "Relation": "items", "Time": 4.5, "Calls": 900 }],
            "Execution Time": 30.0
        }]);
        let explained = Explained::read(&plan, &names("items")).unwrap();
        assert_eq!(
            (explained.changed, explained.visited, explained.unbounded.clone()),
            (900.0, 10_000.0, None)
        );
        assert!((explained.finding - 0.008).abs() < 1e-9 && (explained.total - 0.030).abs() < 1e-9);
        assert_eq!(explained.triggers[0].name, "audit");
        assert!((explained.wal - 9e5).abs() < 1.0 && (explained.images - 100.0).abs() < 1e-9);
    }

    #[test]
    fn a_scan_without_bounds_is_told() {
        let scan =
            |kind: &str| json!([{ "Plan": { "Node Type": kind, "Relation Name": "items", "Filter": "…" } }]);
        assert_eq!(
            Explained::read(&scan("Seq Scan"), &names("items")).unwrap().unbounded.as_deref(),
            Some("Seq Scan")
        );
        assert_eq!(
            Explained::read(&scan("Index Scan"), &names("items")).unwrap().unbounded.as_deref(),
            Some("Index Scan")
        );
        assert_eq!(Explained::read(&scan("Seq Scan"), &names("others")).unwrap().unbounded, None);
        let bitmap = json!([{ "Plan": { "Node Type": "Bitmap Heap Scan", "Relation Name": "items", "Plans": [
            { "Node Type": "Bitmap Index Scan", "Index Cond": "…" }] } }]);
        assert_eq!(Explained::read(&bitmap, &names("items")).unwrap().unbounded, None);
        assert_eq!(Explained::read(&json!({}), &names("items")), None);
    }
}
