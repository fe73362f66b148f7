//! Percentiles, and what the processes used, from `/proc`.

use super::program::Fleet;
use std::{fs, time::Duration};

/// p50, p99 and the worst of many times.
pub(super) fn percentiles(mut times: Vec<Duration>) -> String {
    times.sort_unstable();
    let share = |share: f64| {
        let place = (times.len() as f64 * share) as usize;
        times.get(place.min(times.len().saturating_sub(1))).copied().unwrap_or_default().as_secs_f64() * 1e3
    };
    format!("p50 {:.1} ms, p99 {:.1} ms, most {:.1} ms of {}", share(0.5), share(0.99), share(1.0), times.len())
}

/// What was used between two moments.
pub(super) struct Used {
    /// CPU seconds, user and system, of all processes of the program.
    pub(super) program: f64,
    /// The same of PostgreSQL on this machine.
    pub(super) database: f64,
    /// Resident memory of all processes of the program at the end, in MiB.
    pub(super) resident: f64,
}

/// A measurement under way.
pub(super) struct Watch {
    program: f64,
    database: f64,
}

impl Watch {
    /// Begins.
    pub(super) fn begin(fleet: &Fleet) -> Self {
        Self { program: fleet.pids().map(cpu_seconds).sum(), database: database_seconds() }
    }

    /// Ends.
    pub(super) fn end(self, fleet: &Fleet) -> Used {
        Used {
            program: fleet.pids().map(cpu_seconds).sum::<f64>() - self.program,
            database: database_seconds() - self.database,
            resident: fleet.pids().map(resident).sum(),
        }
    }
}

fn cpu_seconds(pid: u32) -> f64 {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
    let after_name = stat.rsplit(") ").next().unwrap_or_default();
    let ticks = after_name.split(' ').skip(11).take(2).filter_map(|field| field.parse::<f64>().ok());
    ticks.sum::<f64>() / 100.0
}

/// Over all processes named postgres: connections stay open while it is measured, so none ends in between.
fn database_seconds() -> f64 {
    let entries = fs::read_dir("/proc").into_iter().flatten().flatten();
    let pids = entries.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    pids.filter(|pid| fs::read_to_string(format!("/proc/{pid}/comm")).is_ok_and(|name| name.trim() == "postgres"))
        .map(cpu_seconds)
        .sum()
}

fn resident(pid: u32) -> f64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap_or_default();
    line.split_whitespace().next().and_then(|kib| kib.parse::<f64>().ok()).unwrap_or_default() / 1024.0
}
