//! How a limit is shared among those who work under it, on this host and on others.
//!
//! Nobody hands out shares. Every process tells the database each second what it uses and whether the limit held it back;
//! each computes its share from the same figures, so together they keep the limit. Who needs little gets that and a
//! reserve to grow into, and the rest is shared evenly by those who could use more (max-min fairness; Bertsekas and
//! Gallager, *Data Networks*, 1987, section 6.5.2).

/// What one worker uses of a limit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Claim {
    /// A second, as it was last measured. Less than 0 counts as 0.
    pub used: f64,
    /// The limit held it back: it could use more.
    pub hungry: bool,
}

impl Claim {
    /// Somebody new, of whom nothing is known: as much as anybody.
    pub const NEW: Self = Self { used: 0.0, hungry: true };

    /// Who isn't held back may want so much in the next second.
    fn demand(self) -> f64 {
        if self.hungry { f64::INFINITY } else { self.used.max(0.0) * RESERVE }
    }
}

/// Somebody who was not held back may use so many times as much before the shares are computed again.
const RESERVE: f64 = 1.25;

/// Each share of `limit`, in the order of the claims. They add up to the limit, up to rounding.
#[must_use]
pub fn shares(limit: f64, claims: &[Claim]) -> Vec<f64> {
    let mut by_demand: Vec<usize> = (0..claims.len()).collect();
    by_demand.sort_by(|a, b| claims[*a].demand().total_cmp(&claims[*b].demand()));
    let mut shares = vec![0.0; claims.len()];
    let mut left = limit.max(0.0);
    for (at, &claim) in by_demand.iter().enumerate() {
        let even = left / (claims.len() - at) as f64;
        shares[claim] = claims[claim].demand().min(even);
        left -= shares[claim];
    }
    // Where nobody is held back there is more than they want: it is given out all the same.
    let spare = left.max(0.0) / claims.len().max(1) as f64;
    for share in &mut shares {
        *share += spare;
    }
    shares
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn claim(used: f64, hungry: bool) -> Claim {
        Claim { used, hungry }
    }

    #[test]
    fn the_hungry_share_what_the_others_leave() {
        let got = shares(1000.0, &[claim(100.0, false), claim(300.0, true), claim(10.0, true)]);
        assert_eq!(got, [125.0, 437.5, 437.5]);
    }

    #[test]
    fn alone_one_has_it_all() {
        assert_eq!(shares(1000.0, &[claim(3.0, false)]), [1000.0]);
        assert_eq!(shares(1000.0, &[Claim::NEW]), [1000.0]);
        assert!(shares(1000.0, &[]).is_empty());
    }

    fn claims() -> impl Strategy<Value = Vec<Claim>> {
        prop::collection::vec((-1.0..1e6_f64, any::<bool>()).prop_map(|(u, h)| claim(u, h)), 1..40)
    }

    proptest! {
        #[test]
        fn together_they_keep_the_limit_and_leave_nothing(limit in 0.0..1e9_f64, claims in claims()) {
            let sum: f64 = shares(limit, &claims).iter().sum();
            prop_assert!((sum - limit).abs() <= limit * 1e-9 + 1e-9, "{sum} of {limit}");
        }

        #[test]
        fn nobody_who_is_held_back_has_less_than_another(limit in 1.0..1e9_f64, claims in claims()) {
            let shares = shares(limit, &claims);
            let most = shares.iter().copied().fold(0.0, f64::max);
            for (share, claim) in shares.iter().zip(&claims) {
                prop_assert!(*share >= 0.0);
                prop_assert!(!claim.hungry || *share >= most * (1.0 - 1e-9));
            }
        }
    }
}
