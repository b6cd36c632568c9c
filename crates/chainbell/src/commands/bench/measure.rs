//! CPU seconds and memory of a process, as the kernel counts them.

use anyhow::{Context, bail};

/// What a process has used so far.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Usage {
    /// User and system time, in seconds.
    pub(crate) cpu_seconds: f64,
    /// Largest resident set so far, in bytes.
    pub(crate) peak_bytes: u64,
    /// Resident set now, in bytes.
    pub(crate) resident_bytes: u64,
}

/// Clock ticks a second in `/proc/PID/stat`: a constant of Linux's user interface.
const TICKS: f64 = 100.0;

impl Usage {
    /// Of the process `pid`, from `/proc` (proc(5)).
    ///
    /// # Errors
    /// The process is gone, or the system has no `/proc`.
    pub(crate) fn of(pid: u32) -> anyhow::Result<Self> {
        let read = |file: &str| {
            let path = format!("/proc/{pid}/{file}");
            std::fs::read_to_string(&path).with_context(|| format!("{path}: benches need Linux"))
        };
        let stat = read("stat")?;
        // The second field is the name in parentheses and may hold anything.
        let Some((_, fields)) = stat.rsplit_once(')') else { bail!("/proc/{pid}/stat has another form") };
        let ticks: f64 =
            fields.split_whitespace().skip(11).take(2).filter_map(|field| field.parse::<f64>().ok()).sum();
        let status = read("status")?;
        let kilobytes = |key: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(key))?;
            line.split_whitespace().next()?.parse::<u64>().ok()
        };
        let bytes = |key| kilobytes(key).map(|kilobytes| kilobytes * 1024).context("no memory figures");
        // The scheduler's own count of the threads that still live is finer than ticks, but forgets those that ended.
        let cpu_seconds = scheduled_seconds(pid).unwrap_or_default().max(ticks / TICKS - 1.0 / TICKS);
        Ok(Self { cpu_seconds, peak_bytes: bytes("VmHWM:")?, resident_bytes: bytes("VmRSS:")? })
    }
}

/// Time on a core of all living threads, from `/proc/PID/task/*/schedstat`, whose first field is in nanoseconds.
fn scheduled_seconds(pid: u32) -> Option<f64> {
    let mut nanoseconds = 0;
    for thread in std::fs::read_dir(format!("/proc/{pid}/task")).ok()?.flatten() {
        let statistics = std::fs::read_to_string(thread.path().join("schedstat")).ok()?;
        nanoseconds += statistics.split_whitespace().next()?.parse::<u64>().ok()?;
    }
    Some(nanoseconds as f64 / 1e9)
}

/// Bytes as MiB.
pub(crate) fn mib(bytes: u64) -> f64 {
    bytes as f64 / 1_048_576.0
}

/// The value below which `share` of the sorted values lie.
pub(crate) fn percentile(sorted: &[u64], share: f64) -> u64 {
    let index = (sorted.len() as f64 * share).ceil() as usize;
    sorted.get(index.saturating_sub(1)).or(sorted.last()).copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_values_that_occurred() {
        let values: Vec<u64> = (1..=100).collect();
        assert_eq!(
            (percentile(&values, 0.5), percentile(&values, 0.99), percentile(&values, 1.0)),
            (50, 99, 100)
        );
        assert_eq!(percentile(&[], 0.5), 0);
    }
}
