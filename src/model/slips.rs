//! Texts that are nearly right, for tests of whatever reads what people write: examples with a few slips in them.

use proptest::prelude::*;
use proptest::sample::{Index, select};

/// What is put in: what some format has a meaning for, and what none expects.
const ODD: &str = "' \" ''' \"\"\" $$ $1 -- /* */ ; : , . .. = @ + - % # * ~ ^ ? & ( ) [ ] [[ { } {{ {% ${ \\ \0 \u{feff} \
                   é ß İ 𝔘 -1 0 +9 00 18446744073709551616 1e999 NaN inf ://";

const BLANK: &[&str] =
    &[" ", "\t", "\n", "\r\n", "\r", "\u{a0}", "\u{2028}", " for ", "-- migrate:up\n", "-- Running upgrade "];

/// Where, and what happens there.
type Slip = (Index, Index, u8, &'static str);

/// One of the examples with up to four slips, or any text at all.
pub(crate) fn nearly(examples: &'static [&'static str]) -> impl Strategy<Value = String> {
    let odd: Vec<&str> = ODD.split(' ').chain(BLANK.iter().copied()).collect();
    let slips = prop::collection::vec((any::<Index>(), any::<Index>(), 0..8_u8, select(odd)), 0..5);
    let slipped = (select(examples), slips).prop_map(|(example, slips)| {
        slips.into_iter().fold(example.to_owned(), |text, slip| slip_into(&text, slip))
    });
    let bytes = any::<Vec<u8>>().prop_map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    prop_oneof![6 => slipped, 1 => "(.|\n){0,60}", 1 => bytes]
}

fn slip_into(text: &str, (first, second, kind, odd): Slip) -> String {
    let characters: Vec<char> = text.chars().collect();
    let places = [first.index(characters.len() + 1), second.index(characters.len() + 1)];
    let (from, to) = (places[0].min(places[1]), places[0].max(places[1]));
    let part = |part: &[char]| part.iter().collect::<String>();
    let (before, between, after) =
        (part(&characters[..from]), part(&characters[from..to]), part(&characters[to..]));
    match kind {
        0 => format!("{before}{after}"),
        1 => format!("{before}{between}"),
        2 => format!("{before}{between}{between}{after}"),
        3 => format!("{between}{before}{after}"),
        // Deeper than anybody nests.
        4 => format!("{before}{}{between}{after}", odd.repeat(2000)),
        _ => format!("{before}{odd}{between}{after}"),
    }
}
