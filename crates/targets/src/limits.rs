//! The keys that every target has: how many at a time, how many a second, how often again.

use std::time::Duration;

use serde_json::Value;

use crate::{keys::Keys, parse_duration};

/// More tries at a time than this help no receiver, and each holds a connection.
const MAX_CONCURRENCY: u64 = 1024;
const MAX_ATTEMPTS: usize = 64;
const MAX_DELAY: Duration = Duration::from_secs(7 * 24 * 3600);

/// How fast a target is fed, and how often a failed delivery is tried again.
#[derive(Clone, Debug, PartialEq)]
pub struct Limits {
    /// `concurrency`: how many sends run at a time, 1 to 1024; 16 by default. An HTTP target holds at most that many connections.
    pub concurrency: usize,
    /// `rate_limit`: messages per second at the most; no limit by default.
    pub rate_limit: Option<f64>,
    /// `retry`: the pause before each attempt, the first being before attempt 1; as many attempts as pauses.
    /// By default at once, then after 5 s, 25 s, 125 s and 625 s.
    pub retry: Vec<Duration>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            concurrency: 16,
            rate_limit: None,
            retry: [0, 5, 25, 125, 625].map(Duration::from_secs).to_vec(),
        }
    }
}

impl Limits {
    /// Mistakes are recorded in `keys`, and the default stands in.
    pub(crate) fn read(keys: &mut Keys<'_>) -> Self {
        let mut limits = Self::default();
        match keys.value("concurrency").map(Value::as_u64) {
            None => {}
            Some(Some(count @ 1..=MAX_CONCURRENCY)) => limits.concurrency = count as usize,
            Some(_) => {
                keys.refuse("concurrency", format!("must be a whole number from 1 to {MAX_CONCURRENCY}"))
            }
        }
        match keys.value("rate_limit").map(Value::as_f64) {
            None => {}
            Some(Some(rate)) if rate > 0.0 && rate.is_finite() => limits.rate_limit = Some(rate),
            Some(_) => keys.refuse("rate_limit", "must be a number of messages per second above 0"),
        }
        if let Some(value) = keys.value("retry") {
            match read_retry(value) {
                Ok(delays) => limits.retry = delays,
                Err(message) => keys.refuse("retry", message),
            }
        }
        limits
    }
}

fn read_retry(value: &Value) -> Result<Vec<Duration>, String> {
    let items = value.as_array().filter(|items| (1..=MAX_ATTEMPTS).contains(&items.len()));
    let items = items.ok_or_else(|| {
        format!(
            "must be a list of 1 to {MAX_ATTEMPTS} pauses, one before each attempt, like [\"0s\", \"5s\"]"
        )
    })?;
    let read = |item: &Value| {
        let text = item.as_str().ok_or("every pause must be text like \"5s\"")?;
        let delay = parse_duration(text).map_err(|error| error.to_string())?;
        if delay > MAX_DELAY { Err(format!("{text:?} is longer than a week")) } else { Ok(delay) }
    };
    items.iter().map(read).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn limits_out_of_range_are_refused() {
        for (bad, key) in [
            (json!({"concurrency": 0}), "concurrency"),
            (json!({"concurrency": 1.5}), "concurrency"),
            (json!({"concurrency": 100_000}), "concurrency"),
            (json!({"rate_limit": -1}), "rate_limit"),
            (json!({"rate_limit": "fast"}), "rate_limit"),
            (json!({"retry": []}), "retry"),
            (json!({"retry": "5s"}), "retry"),
            (json!({"retry": [5]}), "retry"),
            (json!({"retry": ["1000h"]}), "retry"),
        ] {
            let mut keys = Keys::new(&bad);
            Limits::read(&mut keys);
            let (_, errors) = keys.rest();
            assert_eq!(errors.len(), 1, "{bad}");
            assert_eq!(errors[0].key, key);
        }
    }
}
