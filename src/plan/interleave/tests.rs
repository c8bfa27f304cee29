use proptest::prelude::*;

use super::*;

const PAGE: Page = Page { rows: 65.0, line_pointers: 65.0, row_bytes: 126.0, growth: 8.0, free_bytes: 20.0 };

fn ground() -> Ground {
    Ground {
        pages: 60_000,
        page_bytes: 8192,
        page: PAGE,
        cache: 2 << 30,
        forbidding: None,
        workers: 2,
        correlation: None,
        divisible: true,
    }
}

fn seen(stride: u32, strides: u32, changed: u64, hot: u64) -> Seen {
    Seen { stride, strides, rows: 1000, changed, hot: Some(hot) }
}

/// A window of four strides, each of one batch of 1000 rows, with these heap-only updates.
fn window(interleaver: &mut Interleaver, hot: [u64; 4]) -> Option<Change> {
    let mut change = None;
    for (stride, hot) in (0..).zip(hot) {
        change = interleaver.observe(&seen(stride, 4, 1000, hot), stride == 3);
    }
    change
}

#[test]
fn a_full_table_is_walked_in_as_many_strides_as_pay_and_says_why() {
    let choice = choose(&ground(), Wishes::default());
    assert_eq!((choice.strides, choice.window_pages), (13, 8192));
    assert_eq!(choice.reason, "a page holds 65 rows and has no room for more");
}

#[test]
fn what_can_not_help_is_left_out_with_its_reason() {
    let reason = |ground: Ground| {
        let choice = choose(&ground, Wishes::default());
        assert_eq!(choice.strides, 1, "{}", choice.reason);
        choice.reason
    };
    let index = Ground { forbidding: Some("by_new".into()), ..ground() };
    assert_eq!(reason(index), "the index by_new is on what is set, so every update writes all indexes");
    assert_eq!(reason(Ground { pages: 63, ..ground() }), "the table has only 63 pages");
    assert!(reason(Ground { correlation: Some(-0.2), ..ground() }).contains("correlation -0.20"));
    assert!(
        reason(Ground { page: Page { rows: 1.3, ..PAGE }, ..ground() }).contains("hardly more than one row")
    );
    assert!(reason(Ground { divisible: false, ..ground() }).contains("no hash"));
}

#[test]
fn strides_get_smaller_as_rows_that_grow_use_up_the_room() {
    let sizes = schedule(&PAGE, 18);
    assert_eq!(sizes, [5, 7, 7, 6, 5, 5, 5, 4, 4, 3, 3, 3, 3, 2, 2, 1]);
    let last = |page: &Page, stride| Portion::of_page(page, stride, 18).last_pointer(page);
    assert_eq!([0, 1, 14].map(|stride| last(&PAGE, stride)), [5, 12, 64]);
    let spread = Page { line_pointers: 130.0, ..PAGE };
    assert_eq!([0, 1].map(|stride| last(&spread, stride)), [10, 24]);
    let pages = |stride| Portion::of_page(&PAGE, stride, 16).batch_pages(100_000, &PAGE, 8192);
    assert_eq!(
        (pages(0), pages(3), pages(15)),
        (832, 693, 1024),
        "no batch of a large stride takes much longer"
    );
}

#[test]
fn room_on_the_pages_makes_do_with_fewer_strides_and_wide_rows_with_as_many_as_there_are_rows() {
    let strides = |page| choose(&Ground { page, ..ground() }, Wishes::default()).strides;
    let roomy = Page { growth: 0.0, free_bytes: 130.0 * 13.0, ..PAGE };
    assert_eq!(schedule(&roomy, 18), [13, 13, 12, 12, 11, 4], "nothing moves");
    assert_eq!(strides(roomy), 6);
    assert_eq!(
        strides(Page { rows: 8.0, line_pointers: 8.0, row_bytes: 1000.0, growth: 0.0, free_bytes: 100.0 }),
        8
    );
}

#[test]
fn a_small_cache_is_shared_among_the_workers() {
    let cache = 128 << 20;
    assert_eq!(choose(&Ground { cache, ..ground() }, Wishes::default()).window_pages, 2048);
    assert_eq!(choose(&Ground { cache, workers: 8, ..ground() }, Wishes::default()).window_pages, 512);
}

#[test]
fn the_job_has_the_last_word_unless_it_asks_for_what_can_not_be() {
    let wishes = Wishes { strides: Some(5), window: Some(64 << 10) };
    let choice = choose(&Ground { forbidding: Some("i".into()), ..ground() }, wishes);
    assert_eq!((choice.strides, choice.window_pages, choice.fixed), (5, 8, true));
    assert_eq!(choose(&Ground { divisible: false, ..ground() }, wishes).strides, 1);
}

#[test]
fn strides_that_do_not_help_get_wider_windows_then_rest_and_are_tried_again() {
    let choice = Choice { strides: 4, window_pages: 10, most_pages: 20, fixed: false, reason: String::new() };
    let mut interleaver = Interleaver::new(choice, false);
    assert_eq!(
        window(&mut interleaver, [0, 100, 0, 0]),
        Some(Change::Wider { pages: 20, share: 100.0 / 3000.0 })
    );
    assert_eq!(window(&mut interleaver, [0, 0, 0, 0]), Some(Change::Resting { share: 0.0 }));
    assert_eq!(interleaver.current().0, 1);
    let rest = |interleaver: &mut Interleaver| {
        let mut batches = 1;
        while interleaver.observe(&seen(0, 1, 1000, 0), false).is_none() {
            batches += 1;
        }
        batches
    };
    assert_eq!((rest(&mut interleaver), interleaver.current()), (4, (4, 10)), "one window's worth");
    let fail = |interleaver: &mut Interleaver| {
        while window(interleaver, [0; 4]) != Some(Change::Resting { share: 0.0 }) {}
    };
    let rests = [8, 16, 32, 64, 64].map(|expected| {
        fail(&mut interleaver);
        (rest(&mut interleaver), expected)
    });
    assert!(rests.iter().all(|(rest, expected)| rest == expected), "{rests:?}");
    assert_eq!(window(&mut interleaver, [0, 900, 900, 900]), None);
    fail(&mut interleaver);
    assert_eq!(rest(&mut interleaver), 4, "what helped in between begins anew");
}

#[test]
fn where_hardly_a_row_is_left_there_are_no_strides_until_there_are_many_again() {
    let choice = Choice { strides: 4, window_pages: 10, most_pages: 10, fixed: false, reason: String::new() };
    let mut interleaver = Interleaver::new(choice, true);
    assert_eq!(interleaver.current().0, 1);
    assert_eq!(interleaver.observe(&seen(0, 1, 240, 0), false), None);
    assert_eq!(interleaver.observe(&seen(0, 1, 260, 0), false), Some(Change::Again { strides: 4 }));
    for stride in 0..3 {
        assert_eq!(interleaver.observe(&seen(stride, 4, 10, 0), false), None);
    }
    assert_eq!(interleaver.observe(&seen(3, 4, 10, 0), true), Some(Change::Sparse));
}

fn any_page() -> impl Strategy<Value = Page> {
    (0.0..300.0_f64, 0.0..300.0_f64, 0.0..9000.0_f64, -50.0..500.0_f64, -1.0..9000.0_f64).prop_map(
        |(rows, line_pointers, row_bytes, growth, free_bytes)| Page {
            rows,
            line_pointers,
            row_bytes,
            growth,
            free_bytes,
        },
    )
}

proptest! {
    #[test]
    fn a_schedule_takes_every_row_once_in_its_number_of_strides(page in any_page(), most in 1..64_u32) {
        let sizes = schedule(&page, most);
        prop_assert!((f64::from(sizes.iter().sum::<u32>()) - page.rows.round().max(1.0)).abs() < 0.5);
        prop_assert!(!sizes.is_empty() && sizes.len() <= most as usize && !sizes.contains(&0));
        let last: Vec<u32> =
            (0..most).map(|stride| Portion::of_page(&page, stride, most).last_pointer(&page)).collect();
        prop_assert!(last.is_sorted());
    }

    #[test]
    fn the_strides_of_an_interval_share_its_rows(rows in 0..u64::from(u32::MAX), page in any_page(), strides in 1..64_u32) {
        let even: u64 = (0..strides).map(|stride| Portion::even(stride, strides).of(rows)).sum();
        let paged: u64 = (0..strides).map(|stride| Portion::of_page(&page, stride, strides).of(rows)).sum();
        prop_assert_eq!((even, paged), (rows, rows));
    }

    #[test]
    fn pieces_cover_all_pages_in_order_and_none_is_empty(pages in 0..1_000_000_u64, workers in 0..64_u32, least in 0..5000_u64) {
        let pieces = pieces(pages, workers, least);
        prop_assert_eq!(pieces.last().copied().unwrap_or(0), pages);
        prop_assert!(pieces.is_sorted_by(|a, b| a < b) && pieces.first() != Some(&0));
        prop_assert!(pieces.len() <= workers.max(1) as usize);
    }

    #[test]
    fn a_choice_and_a_batch_keep_their_bounds(
        pages in 0..1_u64 << 40, page in any_page(), cache in 0..1_u64 << 45,
        workers in 0..100_u32, rows in 1..200_000_u32, strides in prop::option::of(1..64_u32),
        window in prop::option::of(1..1_u64 << 40),
    ) {
        let ground = Ground { pages, page, cache, workers, ..ground() };
        let choice = choose(&ground, Wishes { strides, window });
        prop_assert!(choice.strides >= 1 && choice.strides <= strides.unwrap_or(STRIDES));
        prop_assert!(choice.window_pages >= 1 && choice.window_pages <= choice.most_pages);
        for stride in 0..choice.strides {
            let batch = Portion::of_page(&page, stride, choice.strides).batch_pages(rows, &page, choice.window_pages);
            prop_assert!(batch >= 1 && (choice.strides == 1 || batch <= choice.window_pages));
        }
    }

    #[test]
    fn whatever_is_seen_the_strides_stay_between_one_and_the_choice(
        batches in prop::collection::vec((0..16_u32, 0..2000_u64, 0..2000_u64, any::<bool>()), 0..300),
        fixed: bool, sparse: bool,
    ) {
        let choice = Choice { strides: 16, window_pages: 100, most_pages: 900, fixed, reason: String::new() };
        let mut interleaver = Interleaver::new(choice, sparse);
        for (stride, changed, hot, ended) in batches {
            let (strides, pages) = interleaver.current();
            prop_assert!((1..=16).contains(&strides) && (100..=900).contains(&pages));
            let batch = seen(stride.min(strides - 1), strides, changed, hot.min(changed));
            let before = interleaver.current();
            let change = interleaver.observe(&batch, ended);
            prop_assert!(change.is_some() || interleaver.current() == before);
        }
    }
}
