//! Times as answers write them.

/// Seconds since the Unix epoch as `2025-06-15T15:06:40Z`.
pub(crate) fn rfc3339(seconds: u64) -> String {
    let (days, second) = (seconds / 86_400, seconds % 86_400);
    let (year, month, day) = date(days);
    let (hour, minute) = (second / 3_600, second / 60 % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{:02}Z", second % 60)
}

/// Year, month and day of a day since the epoch, by years that begin with March, so that the leap day comes last.
fn date(days: u64) -> (u64, u64, u64) {
    // 0000-03-01 is 719,468 days before the epoch; the calendar repeats after 146,097 days.
    let days = days + 719_468;
    let (era, of_era) = (days / 146_097, days % 146_097);
    let year_of_era = (of_era - of_era / 1_460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let year = era * 400 + year_of_era + u64::from(month >= 10);
    (year, if month < 10 { month + 3 } else { month - 9 }, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_are_written_as_dates() {
        for (seconds, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (951_825_601, "2000-02-29T12:00:01Z"),
            (1_690_556_222, "2023-07-28T14:57:02Z"),
            (1_735_689_599, "2024-12-31T23:59:59Z"),
            (1_784_656_870, "2026-07-21T18:01:10Z"),
        ] {
            assert_eq!(rfc3339(seconds), text);
        }
    }
}
