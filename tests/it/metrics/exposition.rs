//! The text format of Prometheus, version 0.0.4, read more strictly than Prometheus itself does.

use std::collections::{BTreeMap, BTreeSet};

/// A text that was read: each series with its value.
#[derive(Debug, Default)]
pub(crate) struct Exposition {
    series: BTreeMap<(String, BTreeMap<String, String>), f64>,
    types: BTreeMap<String, String>,
}

impl Exposition {
    /// Reads it; panics at the first thing that is not as it should be.
    #[track_caller]
    pub(crate) fn parse(text: &str) -> Self {
        assert!(text.ends_with('\n'), "the last line has no end");
        let mut read = Self::default();
        let (mut helped, mut closed) = (BTreeSet::new(), BTreeSet::new());
        let mut current = String::new();
        for line in text.lines().filter(|line| !line.is_empty()) {
            if let Some(rest) = line.strip_prefix("# HELP ") {
                let (name, help) = rest.split_once(' ').expect("a help has a text");
                assert!(!help.is_empty() && !unescaped_backslash(help), "{line}");
                assert!(helped.insert(name.to_owned()), "two helps: {line}");
                assert!(
                    closed.insert(std::mem::replace(&mut current, name.to_owned())) || current.is_empty()
                );
                assert!(!closed.contains(name), "the family comes twice: {line}");
            } else if let Some(rest) = line.strip_prefix("# TYPE ") {
                let (name, kind) = rest.split_once(' ').expect("a type has a word");
                assert!(["counter", "gauge", "histogram"].contains(&kind), "{line}");
                assert_eq!(name, current, "a type stands behind the help of its family: {line}");
                assert!(read.types.insert(name.to_owned(), kind.to_owned()).is_none(), "two types: {line}");
            } else {
                assert!(!line.starts_with('#'), "{line}");
                let (name, labels, value) = sample(line);
                read.belongs(&name, &labels, &current, line);
                assert!(read.series.insert((name, labels), value).is_none(), "twice: {line}");
            }
        }
        read.check_names();
        read.check_histograms();
        read
    }

    /// A sample must be of the family whose help and type stand above it.
    fn belongs(&self, name: &str, labels: &BTreeMap<String, String>, family: &str, line: &str) {
        match self.types.get(family).map(String::as_str) {
            Some("histogram") => {
                let suffix = name.strip_prefix(family).unwrap_or_default();
                assert!(["_bucket", "_sum", "_count"].contains(&suffix), "{line}");
                assert_eq!(suffix == "_bucket", labels.contains_key("le"), "{line}");
            }
            Some(_) => assert_eq!(name, family, "{line}"),
            None => panic!("a sample without help and type: {line}"),
        }
    }

    fn check_names(&self) {
        for (name, kind) in &self.types {
            assert!(name.starts_with("longhaul_"), "{name}");
            assert!(is_name(name, true), "{name}");
            assert_eq!(name.ends_with("_total"), kind == "counter", "{name} is a {kind}");
            for suffix in ["_bucket", "_sum", "_count"] {
                assert!(!name.ends_with(suffix), "{name}");
            }
        }
        for (name, labels) in self.series.keys() {
            // A label that Prometheus sets itself would be renamed.
            for label in ["job", "instance"] {
                assert!(!labels.contains_key(label), "{name} has a label `{label}`");
            }
        }
    }

    fn check_histograms(&self) {
        for family in self.types.iter().filter(|(_, kind)| *kind == "histogram").map(|(name, _)| name) {
            let mut buckets: BTreeMap<BTreeMap<String, String>, Vec<(f64, f64)>> = BTreeMap::new();
            for ((name, labels), value) in &self.series {
                if *name == format!("{family}_bucket") {
                    let mut labels = labels.clone();
                    let bound = number(&labels.remove("le").unwrap());
                    buckets.entry(labels).or_default().push((bound, *value));
                }
            }
            for (labels, mut buckets) in buckets {
                buckets.sort_by(|a, b| a.0.total_cmp(&b.0));
                assert!(
                    buckets.windows(2).all(|pair| pair[0].1 <= pair[1].1),
                    "{family} is not cumulative: {buckets:?}"
                );
                let last = buckets.last().unwrap();
                let count = self.series[&(format!("{family}_count"), labels.clone())];
                assert_eq!(*last, (f64::INFINITY, count), "{family}");
                assert!(self.series.contains_key(&(format!("{family}_sum"), labels)), "{family}");
            }
        }
    }

    /// The value of the series with these labels, and with `name=value` where that is not empty; others may be there.
    pub(crate) fn value(&self, name: &str, labels: &[(&str, &str)], label: &str) -> Option<f64> {
        let more = label.split_once('=');
        let fits = |of: &BTreeMap<String, String>| {
            labels
                .iter()
                .copied()
                .chain(more)
                .all(|(name, value)| of.get(name).is_some_and(|found| found == value))
        };
        let mut found = self.series.iter().filter(|((found, of), _)| found == name && fits(of));
        let value = found.next().map(|(_, value)| *value);
        assert!(found.next().is_none(), "several series of {name} fit");
        value
    }

    pub(crate) fn has(&self, name: &str) -> bool {
        self.series.keys().any(|(found, _)| found == name)
    }

    /// The names of all families.
    pub(crate) fn families(&self) -> BTreeSet<String> {
        self.types.keys().cloned().collect()
    }
}

fn sample(line: &str) -> (String, BTreeMap<String, String>, f64) {
    let end = line.find(['{', ' ']).unwrap_or_else(|| panic!("no value: {line}"));
    let (name, rest) = line.split_at(end);
    assert!(is_name(name, true), "{line}");
    let (labels, value) = match rest.strip_prefix('{') {
        Some(rest) => read_labels(rest, line),
        None => (BTreeMap::new(), rest),
    };
    let value = value.strip_prefix(' ').unwrap_or_else(|| panic!("no blank before the value: {line}"));
    (name.to_owned(), labels, number(value))
}

/// Labels up to the closing brace, and what stands behind it.
fn read_labels<'l>(text: &'l str, line: &str) -> (BTreeMap<String, String>, &'l str) {
    let (mut labels, mut rest) = (BTreeMap::new(), text);
    loop {
        let (name, quoted) = rest.split_once("=\"").unwrap_or_else(|| panic!("no label: {line}"));
        assert!(is_name(name, false), "{line}");
        let (mut value, mut characters) = (String::new(), quoted.char_indices());
        let end = loop {
            match characters.next().unwrap_or_else(|| panic!("no closing quote: {line}")) {
                (at, '"') => break at + 1,
                (_, '\\') => value.push(match characters.next() {
                    Some((_, 'n')) => '\n',
                    Some((_, escaped @ ('\\' | '"'))) => escaped,
                    other => panic!("{other:?} is escaped: {line}"),
                }),
                (_, character) => value.push(character),
            }
        };
        assert!(labels.insert(name.to_owned(), value).is_none(), "a label comes twice: {line}");
        rest = &quoted[end..];
        match rest.split_at(1) {
            (",", more) => rest = more,
            ("}", more) => return (labels, more),
            _ => panic!("{line}"),
        }
    }
}

fn is_name(text: &str, colons: bool) -> bool {
    let is_first = |c: char| c.is_ascii_alphabetic() || c == '_' || (colons && c == ':');
    text.starts_with(is_first) && text.chars().all(|c| is_first(c) || c.is_ascii_digit())
}

fn unescaped_backslash(text: &str) -> bool {
    let rest = text.replace("\\\\", "").replace("\\n", "");
    rest.contains('\\')
}

fn number(text: &str) -> f64 {
    match text {
        "+Inf" => f64::INFINITY,
        "-Inf" => f64::NEG_INFINITY,
        "NaN" => f64::NAN,
        text => {
            assert!(!text.to_lowercase().contains("inf") && !text.to_lowercase().contains("nan"), "{text}");
            text.parse().unwrap_or_else(|_| panic!("`{text}` is no number"))
        }
    }
}

#[test]
fn what_is_not_well_formed_is_found() {
    let head = "# HELP longhaul_x x\n# TYPE longhaul_x gauge\n";
    Exposition::parse(&format!("{head}longhaul_x{{a=\"b\"}} 1\nlonghaul_x 2\n"));
    for bad in [
        format!("{head}longhaul_x 1"),
        "longhaul_x 1\n".to_owned(),
        format!("{head}longhaul_y 1\n"),
        format!("{head}longhaul_x 1\nlonghaul_x 2\n"),
        format!("{head}longhaul_x{{a=\"b\"}} 1\n{head}longhaul_x 2\n"),
        format!("{head}longhaul_x{{a=\"b\"c=\"d\"}} 1\n"),
        format!("{head}longhaul_x{{a=\"b\n\"}} 1\n"),
        format!("{head}longhaul_x{{a=\"\\x\"}} 1\n"),
        format!("{head}longhaul_x{{a=\"b\",a=\"c\"}} 1\n"),
        format!("{head}longhaul_x{{job=\"b\"}} 1\n"),
        format!("{head}longhaul_x inf\n"),
        format!("{head}longhaul_x one\n"),
        "# HELP longhaul_x x\n# TYPE longhaul_x counter\nlonghaul_x 1\n".to_owned(),
        "# HELP longhaul_h h\n# TYPE longhaul_h histogram\nlonghaul_h_bucket{le=\"1\"} 2\n\
         longhaul_h_bucket{le=\"+Inf\"} 1\nlonghaul_h_sum 1\nlonghaul_h_count 1\n"
            .to_owned(),
        "# HELP longhaul_h h\n# TYPE longhaul_h histogram\nlonghaul_h_bucket{le=\"+Inf\"} 1\nlonghaul_h_sum 1\nlonghaul_h_count 2\n".to_owned(),
    ] {
        let found = std::panic::catch_unwind(|| Exposition::parse(&bad));
        assert!(found.is_err(), "{bad}");
    }
}
