//! Decides what an HTTP answer means for a delivery: taken, worth another try, or hopeless.

use std::time::Duration;

use chainbell_model::{Outcome, Reached};
use jiff::{Timestamp, fmt::rfc2822};

use crate::http::{Answer, Failure};

/// The outcome of one exchange.
///
/// Any 2xx is delivered. 410 says that the receiver is gone for good. Everything else is tried again by the schedule, 4xx
/// too: receivers answer 401 or 404 while they are being deployed or reconfigured. 502 and 504 come from a gateway that
/// lost its server, which may have taken the message; any other answer is the receiver's own refusal.
pub(crate) fn outcome(exchanged: Result<Answer, Failure>) -> Outcome {
    let answer = match exchanged {
        Ok(answer) => answer,
        Err(Failure { reason, reached }) => return Outcome::Retry { after: None, reason, reached },
    };
    let told = match answer.excerpt.as_str() {
        "" => answer.status.to_string(),
        excerpt => format!("{}: {excerpt}", answer.status),
    };
    match answer.status.as_u16() {
        200..=299 => Outcome::Delivered { detail: told },
        410 => Outcome::Rejected { reason: told },
        300..=399 => Outcome::Retry {
            after: None,
            reason: format!(
                "{}: redirects are refused, the url must name the receiver itself",
                answer.status
            ),
            reached: Reached::No,
        },
        502 | 504 => Outcome::Retry { after: answer.retry_after, reason: told, reached: Reached::Maybe },
        _ => Outcome::Retry { after: answer.retry_after, reason: told, reached: Reached::No },
    }
}

/// Reads a `Retry-After` header (RFC 9110): seconds, or a date, of which the past means now. `None` when it is neither. How
/// far it is honoured is for the schedule to say.
pub(crate) fn retry_after(header: &str, now: Timestamp) -> Option<Duration> {
    let header = header.trim();
    if header.bytes().all(|byte| byte.is_ascii_digit()) {
        return header.parse().ok().map(Duration::from_secs);
    }
    let at = rfc2822::DateTimeParser::new().parse_timestamp(header).ok()?;
    Some(Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use reqwest::StatusCode;

    use super::*;

    fn answered(status: u16) -> Outcome {
        let status = StatusCode::from_u16(status).unwrap();
        outcome(Ok(Answer { status, retry_after: Some(Duration::from_secs(7)), excerpt: "so it is".into() }))
    }

    #[test]
    fn every_status_has_its_outcome() {
        assert_eq!(answered(204), Outcome::Delivered { detail: "204 No Content: so it is".into() });
        assert_eq!(answered(410), Outcome::Rejected { reason: "410 Gone: so it is".into() });
        for (status, reached, after) in [
            (301, Reached::No, None),
            (304, Reached::No, None),
            (400, Reached::No, Some(7)),
            (401, Reached::No, Some(7)),
            (404, Reached::No, Some(7)),
            (408, Reached::No, Some(7)),
            (429, Reached::No, Some(7)),
            (500, Reached::No, Some(7)),
            (502, Reached::Maybe, Some(7)),
            (503, Reached::No, Some(7)),
            (504, Reached::Maybe, Some(7)),
            (999, Reached::No, Some(7)),
        ] {
            let Outcome::Retry { after: told, reached: seen, .. } = answered(status) else {
                panic!("{status} is not tried again")
            };
            assert_eq!((seen, told), (reached, after.map(Duration::from_secs)), "{status}");
        }
    }

    #[test]
    fn retry_after_is_read_as_seconds_and_as_a_date() {
        let now: Timestamp = "1994-11-06T08:49:07Z".parse().unwrap();
        assert_eq!(retry_after("120", now), Some(Duration::from_secs(120)));
        assert_eq!(retry_after(" 0 ", now), Some(Duration::ZERO));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:49:37 GMT", now), Some(Duration::from_secs(30)));
        assert_eq!(retry_after("Sun, 06 Nov 1994 08:00:00 GMT", now), Some(Duration::ZERO));
        for bad in ["", "soon", "-5", "1.5", "99999999999999999999999"] {
            assert_eq!(retry_after(bad, now), None, "{bad:?}");
        }
    }
}
