//! In what order a table is walked, and by how many workers.

use crate::model::Order;

use super::interleave::SMALL;

/// Workers in one process at the most, unless the person says more: spirit's four.
pub const MOST_WORKERS: u32 = 4;
/// Workers where nothing is known of the server's cores.
const FAR_WORKERS: u32 = 2;
/// A table of fewer pages is done by one worker before a second had its share.
const TOO_SMALL: u64 = 1024;

/// What the order is chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Route {
    /// An ordinary table in PostgreSQL's own format.
    pub is_heap: bool,
    /// A row that has its new values is never changed again: it may be met a second time, wherever it has moved.
    pub converges: bool,
    /// The job takes another back: it makes one pass, and rows that are met in it must be all there are.
    pub is_down: bool,
    /// Pages of the table.
    pub pages: u64,
}

/// The order, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenOrder {
    /// The order.
    pub order: Order,
    /// Why, in words.
    pub reason: &'static str,
}

/// In physical order a page is met once a window, whatever the key is, and rows are found without an index. But rows
/// move while that goes on: one may be met twice, or not at all. So it is only for jobs that converge, which are swept.
/// A wish that can't be granted is an error that says why.
pub fn order(route: Route, wish: Option<Order>) -> Result<ChosenOrder, &'static str> {
    let hindrance = if !route.is_heap {
        Some("it has partitions or children, or is not in PostgreSQL's own format")
    } else if route.is_down {
        Some("a job that is taken back makes one pass only, and rows that move would be left out")
    } else if !route.converges {
        Some("the job's rows may be visited once only, and rows that move would be met twice")
    } else {
        None
    };
    match (wish, hindrance) {
        (Some(Order::Physical), Some(reason)) => Err(reason),
        (None, Some(reason)) => Ok(ChosenOrder { order: Order::Key, reason }),
        (Some(order), _) => Ok(ChosenOrder { order, reason: "as the job says" }),
        (None, None) if route.pages < SMALL => {
            Ok(ChosenOrder { order: Order::Key, reason: "the table is small" })
        }
        (None, None) => {
            Ok(ChosenOrder { order: Order::Physical, reason: "each page is met once, whatever the key" })
        }
    }
}

/// What the number of workers is chosen from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Crew {
    /// Cores of this machine.
    pub cores: u32,
    /// The server runs on this machine.
    pub same_machine: bool,
    /// Sessions of others that are running something.
    pub active_sessions: u64,
    /// The rows a second are limited.
    pub is_limited: bool,
    /// Pages of the table.
    pub pages: u64,
}

/// Workers where the person names no number: one a core that nobody uses, at most [`MOST_WORKERS`].
#[must_use]
pub fn workers(crew: Crew) -> u32 {
    if crew.is_limited || crew.pages < TOO_SMALL {
        return 1;
    }
    let active = u32::try_from(crew.active_sessions).unwrap_or(u32::MAX);
    let cores = if crew.same_machine { crew.cores } else { FAR_WORKERS };
    cores.saturating_sub(active).clamp(1, MOST_WORKERS)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROUTE: Route = Route { is_heap: true, converges: true, is_down: false, pages: 10_000 };

    #[test]
    fn a_job_that_converges_walks_in_physical_order_and_others_by_key() {
        let order_of = |route| order(route, None).unwrap().order;
        assert_eq!(order_of(ROUTE), Order::Physical);
        for route in [
            Route { is_heap: false, ..ROUTE },
            Route { converges: false, ..ROUTE },
            Route { is_down: true, ..ROUTE },
            Route { pages: 10, ..ROUTE },
        ] {
            assert_eq!(order_of(route), Order::Key, "{route:?}");
        }
    }

    #[test]
    fn a_wish_is_granted_unless_rows_could_be_done_twice() {
        assert_eq!(order(ROUTE, Some(Order::Key)).unwrap().order, Order::Key);
        assert_eq!(order(Route { pages: 1, ..ROUTE }, Some(Order::Physical)).unwrap().order, Order::Physical);
        assert!(
            order(Route { converges: false, ..ROUTE }, Some(Order::Physical)).unwrap_err().contains("twice")
        );
    }

    #[test]
    fn workers_take_the_cores_that_nobody_uses() {
        let crew =
            Crew { cores: 2, same_machine: true, active_sessions: 0, is_limited: false, pages: 50_000 };
        assert_eq!(workers(crew), 2);
        assert_eq!(workers(Crew { cores: 64, ..crew }), 4);
        assert_eq!(workers(Crew { cores: 4, active_sessions: 3, ..crew }), 1);
        assert_eq!(workers(Crew { active_sessions: u64::MAX, ..crew }), 1);
        assert_eq!(workers(Crew { cores: 64, same_machine: false, ..crew }), 2);
        assert_eq!(workers(Crew { is_limited: true, ..crew }), 1);
        assert_eq!(workers(Crew { pages: 1000, ..crew }), 1);
    }
}
