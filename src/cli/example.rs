//! The payroll example's files, carried in the program: for `demo` and for `init --example`.

/// The files of `jobs/`, by name.
pub(super) const FILES: &[(&str, &str)] = &[
    (
        "20260105_90be11d4a6c3_salary_system.sql",
        include_str!("../../jobs/20260105_90be11d4a6c3_salary_system.sql"),
    ),
    (
        "20260302_3f9a0c1b7d52_add_gross_amount.sql",
        include_str!("../../jobs/20260302_3f9a0c1b7d52_add_gross_amount.sql"),
    ),
    (
        "20260302_5c1d7e88a0f4_backfill_gross_amount.toml",
        include_str!("../../jobs/20260302_5c1d7e88a0f4_backfill_gross_amount.toml"),
    ),
    (
        "20260316_c47be2d90a16_drop_gross_pay.sql",
        include_str!("../../jobs/20260316_c47be2d90a16_drop_gross_pay.sql"),
    ),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_carries_every_file_of_the_example() {
        let mut there: Vec<String> = std::fs::read_dir("jobs")
            .unwrap()
            .map(|entry| entry.unwrap())
            .filter(|entry| entry.path().is_file())
            .map(|entry| entry.file_name().into_string().unwrap())
            .collect();
        there.sort();
        let carried: Vec<&str> = FILES.iter().map(|(name, _)| *name).collect();
        assert_eq!(there, carried);
    }
}
