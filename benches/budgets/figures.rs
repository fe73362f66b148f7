//! Percentiles, CPU time and memory.

use std::time::Duration;

/// How long each of many took.
#[derive(Debug, Default)]
pub(crate) struct Times(pub(crate) Vec<Duration>);

impl Times {
    /// Percentiles, in µs or in ms.
    pub(crate) fn told(&mut self, unit: &str) -> String {
        self.0.sort_unstable();
        let share = |share: f64| {
            let place = (self.0.len() as f64 * share) as usize;
            let time = self.0.get(place.min(self.0.len().saturating_sub(1))).copied().unwrap_or_default();
            time.as_secs_f64() * if unit == "µs" { 1e6 } else { 1e3 }
        };
        let [p50, p99, p999, most] = [share(0.5), share(0.99), share(0.999), share(1.0)];
        format!(
            "p50 {p50:.2} {unit}, p99 {p99:.2} {unit}, p99.9 {p999:.2} {unit}, most {most:.2} {unit} of {}",
            self.0.len()
        )
    }
}

/// CPU time of this process, user and system, from `/proc`; 0 where there is none.
pub(crate) fn cpu_seconds() -> f64 {
    let stat = std::fs::read_to_string("/proc/self/stat").unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Resident memory of this process in MiB, from `/proc`; 0 where there is none.
pub(crate) fn resident() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
