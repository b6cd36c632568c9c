//! Times as the answers write them.

use chainbell_model::Timestamp;

/// Seconds since the epoch as the model counts time; saturates.
pub(crate) fn of_seconds(seconds: u64) -> Timestamp {
    Timestamp(i64::try_from(seconds.saturating_mul(1000)).unwrap_or(i64::MAX))
}

/// Reads `2025-07-05T20:44:26Z` (RFC 3339, UTC, whole seconds or fractions, which are dropped).
pub(crate) fn of_text(text: &str) -> Option<Timestamp> {
    let bytes = text.as_bytes();
    let (head, rest) = bytes.split_first_chunk::<19>()?;
    let fraction = rest.strip_suffix(b"Z")?;
    if let Some((point, digits)) = fraction.split_first()
        && (*point != b'.' || !digits.iter().all(u8::is_ascii_digit))
    {
        return None;
    }
    if [head[4], head[7], head[10], head[13], head[16]] != *b"--T::" {
        return None;
    }
    let number = |from: usize, to: usize| {
        head[from..to]
            .iter()
            .try_fold(0_i64, |sum, digit| digit.is_ascii_digit().then(|| sum * 10 + i64::from(digit - b'0')))
    };
    let (year, month, day) = (number(0, 4)?, number(5, 7)?, number(8, 10)?);
    let (hour, minute, second) = (number(11, 13)?, number(14, 16)?, number(17, 19)?);
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || hour > 23 || minute > 59 || second > 60 {
        return None;
    }
    let seconds = days(year, month, day) * 86_400 + hour * 3_600 + minute * 60 + second;
    Some(Timestamp(seconds * 1000))
}

/// Days since the epoch of a date in the Gregorian calendar, counted in years that begin with March, so that the leap day
/// comes last.
fn days(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let leap_days = year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400);
    let before_month = (153 * month + 2) / 5;
    year * 365 + leap_days + before_month + day - 1 - 719_468
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_counted_from_the_epoch() {
        for (text, seconds) in [
            ("1970-01-01T00:00:00Z", 0),
            ("2000-02-29T12:00:01Z", 951_825_601),
            ("2023-07-28T14:57:02Z", 1_690_556_222),
            ("2025-07-05T20:44:26.123Z", 1_751_748_266),
            ("2026-07-21T18:01:10Z", 1_784_656_870),
        ] {
            assert_eq!(of_text(text), Some(Timestamp(seconds * 1000)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_is_refused() {
        for bad in [
            "",
            "2025-07-05",
            "2025-13-05T20:44:26Z",
            "2025-07-05T20:44:26+01:00",
            "2025-07-05 20:44:26Z",
            "é025-07-05T20:44:2Z",
            "2025-07-05T20:44:26.xZ",
        ] {
            assert_eq!(of_text(bad), None, "{bad}");
        }
        assert_eq!(of_seconds(u64::MAX), Timestamp(i64::MAX));
    }
}
