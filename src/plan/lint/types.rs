//! Whether another type is only another name for the same bytes.

/// A type's name without its modifier, and the modifier's numbers.
#[derive(Debug, PartialEq, Eq)]
struct Written {
    base: String,
    modifier: Vec<u32>,
}

/// Whether PostgreSQL writes the table anew when a column's type is changed. In doubt it does.
pub(super) fn is_rewritten(from: &str, to: &str, is_utc: bool) -> bool {
    let (from, to) = (read(from), read(to));
    let grows = |old: Option<u32>, new: Option<u32>| match (old, new) {
        (_, None) => true,
        (None, Some(_)) => false,
        (Some(old), Some(new)) => old <= new,
    };
    let first = |written: &Written| written.modifier.first().copied();
    let kept = match (from.base.as_str(), to.base.as_str()) {
        _ if from == to => true,
        ("varchar", "varchar") | ("varbit", "varbit") => grows(first(&from), first(&to)),
        ("numeric", "numeric") => {
            let scale = |written: &Written| written.modifier.get(1).copied().unwrap_or(0);
            to.modifier.is_empty()
                || (!from.modifier.is_empty()
                    && scale(&from) == scale(&to)
                    && grows(first(&from), first(&to)))
        }
        ("timestamp" | "timestamptz" | "time" | "timetz" | "interval", same) if same == from.base => {
            grows(Some(first(&from).unwrap_or(6)), Some(first(&to).unwrap_or(6)))
        }
        ("timestamp", "timestamptz") | ("timestamptz", "timestamp") => {
            is_utc && grows(Some(first(&from).unwrap_or(6)), Some(first(&to).unwrap_or(6)))
        }
        ("text" | "xml", "varchar") => to.modifier.is_empty(),
        ("varchar" | "xml", "text")
        | ("cidr", "inet")
        | ("int4", "oid" | "regclass" | "regtype" | "regproc")
        | ("oid" | "regclass" | "regtype" | "regproc" | "regrole" | "regnamespace", "int4" | "oid") => true,
        _ => false,
    };
    !kept
}

fn read(name: &str) -> Written {
    let lower = name.trim().to_lowercase();
    let modifier = lower
        .split_once('(')
        .and_then(|(_, rest)| rest.split_once(')'))
        .map(|(inside, _)| inside.split(',').filter_map(|number| number.trim().parse().ok()).collect())
        .unwrap_or_default();
    let without: String = match (lower.find('('), lower.find(')')) {
        (Some(open), Some(close)) if open < close => format!("{} {}", &lower[..open], &lower[close + 1..]),
        _ => lower.clone(),
    };
    let words = without.split_whitespace().collect::<Vec<_>>().join(" ");
    let known = words.strip_prefix("pg_catalog.").unwrap_or(&words);
    let base = match known {
        "character varying" | "char varying" => "varchar",
        "character" | "char" => "bpchar",
        "bit varying" => "varbit",
        "decimal" | "dec" => "numeric",
        "integer" | "int" => "int4",
        "bigint" => "int8",
        "smallint" => "int2",
        "real" => "float4",
        "double precision" | "float" => "float8",
        "boolean" => "bool",
        "timestamp without time zone" => "timestamp",
        "timestamp with time zone" => "timestamptz",
        "time without time zone" => "time",
        "time with time zone" => "timetz",
        other => other,
    };
    let modifier = if base == "bpchar" && lower.find('(').is_none() { vec![1] } else { modifier };
    Written { base: base.to_owned(), modifier }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_only_grows_is_not_written_anew() {
        for (from, to) in [
            ("character varying(10)", "varchar(20)"),
            ("character varying(10)", "text"),
            ("text", "varchar"),
            ("numeric(10,2)", "decimal(12, 2)"),
            ("numeric(10,2)", "numeric"),
            ("timestamp(3) without time zone", "timestamp"),
            ("integer", "int4"),
            ("cidr", "inet"),
        ] {
            assert!(!is_rewritten(from, to, false), "{from} to {to}");
        }
    }

    #[test]
    fn what_becomes_other_bytes_or_has_to_be_looked_at_is() {
        for (from, to) in [
            ("character varying(20)", "varchar(10)"),
            ("text", "varchar(10)"),
            ("numeric(10,2)", "numeric(10,3)"),
            ("numeric", "numeric(10,2)"),
            ("integer", "bigint"),
            ("timestamp without time zone", "timestamptz"),
            ("character(3)", "text"),
            ("text", "citext"),
        ] {
            assert!(is_rewritten(from, to, false), "{from} to {to}");
        }
    }

    #[test]
    fn a_moment_with_its_zone_is_the_same_bytes_in_utc() {
        assert!(!is_rewritten("timestamp without time zone", "timestamp with time zone", true));
        assert!(is_rewritten("timestamp without time zone", "timestamp(0) with time zone", true));
    }
}
