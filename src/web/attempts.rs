//! Wrong tokens are slowed down: who guesses is told to wait, twice as long each time.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr};
use std::time::Duration;

/// So many wrong ones are taken for slips of the pen.
const FREE: u32 = 5;
const FIRST_WAIT: Duration = Duration::from_secs(1);
const LONGEST_WAIT: Duration = Duration::from_secs(60);
/// An address that hasn't tried for so long begins anew.
const FORGIVEN: Duration = Duration::from_secs(600);
/// Addresses that are remembered. Where more try at once, all others share one count.
const MOST: usize = 1000;

/// Who tried a wrong token, how often and when. Times are those of the page's monotonic clock since it began.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    of: HashMap<IpAddr, Wrong>,
    of_others: Wrong,
}

#[derive(Clone, Copy, Debug, Default)]
struct Wrong {
    times: u32,
    last: Duration,
}

impl Attempts {
    /// How long the address is slowed down still; `None`: it may try as it likes.
    pub(super) fn wait(&self, address: IpAddr, now: Duration) -> Option<Duration> {
        let wrong = self.of.get(&holder(address)).unwrap_or(&self.of_others);
        let until = wrong.last + wrong.pause();
        until.checked_sub(now).filter(|left| !left.is_zero() && wrong.times >= FREE)
    }

    /// It was wrong.
    pub(super) fn failed(&mut self, address: IpAddr, now: Duration) {
        let address = holder(address);
        self.of.retain(|_, wrong| now.saturating_sub(wrong.last) < FORGIVEN);
        if now.saturating_sub(self.of_others.last) >= FORGIVEN {
            self.of_others = Wrong::default();
        }
        let full = self.of.len() >= MOST && !self.of.contains_key(&address);
        let wrong = if full { &mut self.of_others } else { self.of.entry(address).or_default() };
        *wrong = Wrong { times: wrong.times.saturating_add(1), last: now };
    }

    /// It was right.
    pub(super) fn succeeded(&mut self, address: IpAddr) {
        self.of.remove(&holder(address));
    }
}

/// Who has the address: of IPv6 whoever has one address has the 2^64 beside it.
fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
        address @ IpAddr::V4(_) => address,
    }
}

impl Wrong {
    fn pause(self) -> Duration {
        let doublings = self.times.saturating_sub(FREE).min(10);
        (FIRST_WAIT * 2_u32.pow(doublings)).min(LONGEST_WAIT)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn who_guesses_waits_longer_each_time_and_others_do_not() {
        let (guesser, other) = ([10, 0, 0, 1].into(), [10, 0, 0, 2].into());
        let mut attempts = Attempts::default();
        let mut now = SECOND;
        for _ in 0..FREE {
            assert_eq!(attempts.wait(guesser, now), None);
            attempts.failed(guesser, now);
        }
        let mut waits = Vec::new();
        for _ in 0..8 {
            let wait = attempts.wait(guesser, now).unwrap();
            waits.push(wait.as_secs());
            now += wait;
            assert_eq!(attempts.wait(guesser, now), None);
            attempts.failed(guesser, now);
        }
        assert_eq!(waits, [1, 2, 4, 8, 16, 32, 60, 60]);
        assert_eq!(attempts.wait(other, now), None);
        attempts.succeeded(guesser);
        assert_eq!(attempts.wait(guesser, now), None);
    }

    #[test]
    fn a_crowd_of_addresses_neither_fills_the_memory_nor_guesses_faster() {
        let mut attempts = Attempts::default();
        for number in 0..3000_u32 {
            attempts.failed(IpAddr::V4(number.into()), SECOND);
        }
        assert_eq!(attempts.of.len(), MOST);
        assert!(attempts.wait([203, 0, 113, 9].into(), SECOND).is_some(), "one more of the crowd");
        let later = SECOND + FORGIVEN;
        attempts.failed([203, 0, 113, 9].into(), later);
        assert_eq!(attempts.of.len(), 1);
        assert_eq!(attempts.wait([203, 0, 113, 9].into(), later), None);
    }

    #[test]
    fn a_network_of_ipv6_counts_as_one_address() {
        let mut attempts = Attempts::default();
        let address = |network: u16, host: u16| IpAddr::from([0x2001, 0xdb8, 0, network, 0, 0, 0, host]);
        for host in 0..2000 {
            attempts.failed(address(1, host), SECOND);
        }
        assert_eq!(attempts.of.len(), 1);
        assert!(attempts.wait(address(1, 9999), SECOND).is_some());
        assert_eq!(attempts.wait(address(2, 1), SECOND), None);
        let mapped: IpAddr = "::ffff:10.0.0.1".parse().unwrap();
        attempts.failed(mapped, SECOND);
        attempts.succeeded([10, 0, 0, 1].into());
        assert_eq!(attempts.of.len(), 1);
    }
}
