//! Reads durations as configuration writes them.

use std::time::Duration;

/// The text is not a duration.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is not a duration: write it like \"500ms\", \"30s\", \"5m\" or \"2h\"")]
pub struct DurationError {
    text: String,
}

/// Reads `500ms`, `30s`, `5m`, `2h`, and sums of these (`1h 30m`). Not negative.
pub fn parse_duration(text: &str) -> Result<Duration, DurationError> {
    let parsed = text.parse::<jiff::SignedDuration>().ok();
    parsed
        .and_then(|duration| Duration::try_from(duration).ok())
        .ok_or_else(|| DurationError { text: text.chars().take(40).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn units_are_needed_and_negative_durations_refused() {
        assert_eq!(parse_duration("500ms"), Ok(Duration::from_millis(500)));
        assert_eq!(parse_duration("0s"), Ok(Duration::ZERO));
        assert_eq!(parse_duration("1h 30m"), Ok(Duration::from_secs(5400)));
        for bad in ["", "30", "-5s", "5s ago", "soon", "99999999999999999999h"] {
            assert!(parse_duration(bad).is_err(), "{bad}");
        }
    }
}
