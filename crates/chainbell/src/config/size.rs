//! Sizes in bytes as configuration writes them: `"10MiB"`.

/// The text is not a size.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SizeError {
    #[error("{0:?} is not a size: write it like \"512KiB\", \"10MiB\" or \"1GB\"")]
    Malformed(String),
    #[error("{0:?} is too large")]
    TooLarge(String),
}

/// Reads a whole number with a unit: `512B`, `64KiB`, `10MiB`, `1GB`.
pub(super) fn size_bytes(text: &str) -> Result<u64, SizeError> {
    let shown = || text.chars().take(40).collect();
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let (number, unit) = text.split_at(digits);
    let bytes_each: u64 = match unit.trim_start() {
        _ if number.is_empty() => return Err(SizeError::Malformed(shown())),
        "B" => 1,
        "KB" => 1_000,
        "MB" => 1_000_000,
        "GB" => 1_000_000_000,
        "KiB" => 1 << 10,
        "MiB" => 1 << 20,
        "GiB" => 1 << 30,
        _ => return Err(SizeError::Malformed(shown())),
    };
    let number: Option<u64> = number.parse().ok();
    number.and_then(|number| number.checked_mul(bytes_each)).ok_or_else(|| SizeError::TooLarge(shown()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_need_a_unit_they_know() {
        assert_eq!(size_bytes("10MiB"), Ok(10 << 20));
        assert_eq!(size_bytes("2 KB"), Ok(2000));
        for bad in ["", "10", "10mb", "MiB", "-1B", "1.5MiB"] {
            assert_eq!(size_bytes(bad), Err(SizeError::Malformed(bad.to_owned())), "{bad}");
        }
        for bad in ["18446744073709551615GiB", "99999999999999999999B"] {
            assert_eq!(size_bytes(bad), Err(SizeError::TooLarge(bad.to_owned())), "{bad}");
        }
    }
}
