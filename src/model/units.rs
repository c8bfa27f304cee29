//! Durations and counts as people write and read them.

use std::time::Duration;

/// Why a text is no duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a duration: write a number and ms, s, min, h or d, like \"500ms\"")]
pub struct BadDuration {
    /// The text as given.
    pub text: String,
}

/// Reads `500ms`, `1.5s`, `2 min`, `1h`, `30d`. Bounds: at least 1 ms, at most 365 days.
pub fn parse_duration(text: &str) -> Result<Duration, BadDuration> {
    let bad = || BadDuration { text: text.to_owned() };
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(bad)?;
    let number: f64 = trimmed[..unit_at].trim().parse().map_err(|_| bad())?;
    let seconds = match &trimmed[unit_at..] {
        "ms" => number / 1000.0,
        "s" => number,
        "min" | "m" => number * 60.0,
        "h" => number * 3600.0,
        "d" => number * 86_400.0,
        _ => return Err(bad()),
    };
    if (0.001..=365.0 * 86_400.0).contains(&seconds) {
        Ok(Duration::from_secs_f64(seconds))
    } else {
        Err(bad())
    }
}

/// Why a text is no size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a size: write a number and kB, MB, GB or TB, like \"32MB\"")]
pub struct BadSize {
    /// The text as given.
    pub text: String,
}

/// The units of a size, as PostgreSQL's settings write them: each 1024 of the one before.
const SIZES: [&str; 5] = ["B", "kB", "MB", "GB", "TB"];

/// Reads `64kB`, `1.5 GB` as bytes. Bounds: at least 1 byte, at most 1024 TB.
pub fn parse_size(text: &str) -> Result<u64, BadSize> {
    let bad = || BadSize { text: text.to_owned() };
    let trimmed = text.trim();
    let unit_at = trimmed.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(bad)?;
    let number: f64 = trimmed[..unit_at].trim().parse().map_err(|_| bad())?;
    let exponent = (0_i32..).zip(SIZES).find(|(_, unit)| *unit == &trimmed[unit_at..]).ok_or_else(bad)?.0;
    let bytes = number * 1024_f64.powi(exponent);
    if (1.0..=1024_f64.powi(5)).contains(&bytes) {
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the bounds are checked")]
        Ok(bytes as u64)
    } else {
        Err(bad())
    }
}

/// Why a text is no share.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a share: write a number and %, like \"30%\"")]
pub struct BadShare {
    /// The text as given.
    pub text: String,
}

/// Reads `30%`, `0.5 %` as a part of one. Bounds: more than 0 %, at most 100 %.
pub fn parse_share(text: &str) -> Result<f64, BadShare> {
    let bad = || BadShare { text: text.to_owned() };
    let number: f64 = text.trim().strip_suffix('%').ok_or_else(bad)?.trim().parse().map_err(|_| bad())?;
    if number > 0.0 && number <= 100.0 { Ok(number / 100.0) } else { Err(bad()) }
}

/// A size for people: `820 kB`, `32 MB`, `1.3 GB`.
#[must_use]
pub fn human_size(bytes: u64) -> String {
    let (mut value, mut at) = (bytes as f64, 0);
    while value >= 1024.0 && at + 1 < SIZES.len() {
        value /= 1024.0;
        at += 1;
    }
    let decimals = usize::from(at >= 3);
    format!("{value:.decimals$} {}", SIZES[at])
}

/// A text in one line and of so many characters at the most, the last of which says that there was more.
#[must_use]
pub fn shortened(text: &str, most: usize) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let line = words.join(" ");
    if line.chars().count() <= most {
        return line;
    }
    let kept: String = line.chars().take(most.saturating_sub(1)).collect();
    format!("{}…", kept.trim_end())
}

/// `1 revision`, `2 revisions`.
#[must_use]
pub fn counted(count: usize, noun: &str) -> String {
    let plural = match noun {
        _ if count == 1 => "",
        noun if noun.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{count} {noun}{plural}")
}

/// A duration with the precision a person wants: `340 ms`, `4.2 s`, `3 min 20 s`, `5 h 07 min`.
#[must_use]
pub fn human_duration(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..60 => format!("{:.1} s", duration.as_secs_f64()),
        60..3600 => format!("{} min {:02} s", seconds / 60, seconds % 60),
        _ => format!("{} h {:02} min", seconds / 3600, seconds / 60 % 60),
    }
}

/// A count with separators: `1,234,567`.
#[must_use]
pub fn human_count(count: u64) -> String {
    let digits = count.to_string();
    let mut out = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::model::slips::nearly;

    #[test]
    fn durations_read_as_written() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration(" 1.5 s "), Ok(Duration::from_millis(1500)));
        assert_eq!(parse_duration("2min"), Ok(Duration::from_secs(120)));
        for bad in ["", "500", "ms", "-1s", "0s", "1 week", "1e999s", "NaNs"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn sizes_read_as_written() {
        assert_eq!(parse_size("64kB"), Ok(65_536));
        assert_eq!(parse_size(" 1.5 GB "), Ok(1_610_612_736));
        for bad in ["", "500", "MB", "-1MB", "0kB", "1 mb", "1e999GB", "NaNMB"] {
            assert!(parse_size(bad).is_err(), "{bad}");
        }
        assert_eq!(human_size(800), "800 B");
        assert_eq!(human_size(33_554_432), "32 MB");
        assert_eq!(human_size(1_395_864_371), "1.3 GB");
    }

    #[test]
    fn shares_read_as_written() {
        assert_eq!(parse_share("30%"), Ok(0.3));
        assert_eq!(parse_share(" 0.5 % "), Ok(0.005));
        for bad in ["", "30", "%", "0%", "-1%", "101%", "NaN%"] {
            assert!(parse_share(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn counts_and_durations_read_well() {
        assert_eq!(human_count(0), "0");
        assert_eq!(human_count(999), "999");
        assert_eq!(human_count(1_234_567), "1,234,567");
        assert_eq!(human_duration(Duration::from_millis(340)), "340 ms");
        assert_eq!(human_duration(Duration::from_millis(59_900)), "59.9 s");
        assert_eq!(human_duration(Duration::from_secs(200)), "3 min 20 s");
        assert_eq!(human_duration(Duration::from_secs(18_420)), "5 h 07 min");
    }

    proptest! {
        #[test]
        fn no_text_makes_it_panic_and_what_is_read_keeps_its_bounds(
            text in nearly(&["500ms", " 1.5 s ", "2min", "64kB", "1.5 GB", "1024TB", "30%", " 0.5 % ", "1e2h"]),
        ) {
            if let Ok(duration) = parse_duration(&text) {
                prop_assert!((Duration::from_millis(1)..=Duration::from_hours(24 * 365)).contains(&duration));
            }
            if let Ok(size) = parse_size(&text) {
                prop_assert!((1..=1 << 50).contains(&size), "{}", size);
            }
            if let Ok(share) = parse_share(&text) {
                prop_assert!(share > 0.0 && share <= 1.0, "{}", share);
            }
        }
    }
}
