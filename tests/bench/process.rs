//! What Linux says about processes: CPU time and memory.

use std::fs;
use std::time::Duration;

use crate::Result;

/// A tick of the times in /proc/PID/stat: USER_HZ is 100 on every platform that Rust has.
const TICK: Duration = Duration::from_millis(10);

/// CPU time, user and system, of a process since it began.
pub fn cpu(pid: u32) -> Result<Duration> {
    Ok(TICK * Stat::of(pid)?.own)
}

/// Time that a process of one thread was on a core since it began, to the nanosecond: what one reading costs is less than a tick.
pub fn time_on_core(pid: i32) -> Result<Duration> {
    let text = fs::read_to_string(format!("/proc/{pid}/schedstat"))?;
    Ok(Duration::from_nanos(text.split(' ').next().ok_or("an empty schedstat")?.parse()?))
}

/// CPU time of a Postgres server: of the processes that serve clients, and of all others.
pub fn cpu_of_postgres(postmaster: u32) -> Result<[Duration; 2]> {
    let parent = Stat::of(postmaster)?;
    let (mut serving, mut others) = (0, parent.own + parent.ended_children);
    for entry in fs::read_dir("/proc")? {
        let Some(child) = entry?.file_name().to_str().and_then(|name| name.parse().ok()) else { continue };
        // One that ends in this moment is counted with its parent's ended children next time.
        if let Ok(stat) = Stat::of(child)
            && stat.parent == postmaster
        {
            // A backend's title names whom it serves: all clients here come by the Unix socket.
            let title = fs::read(format!("/proc/{child}/cmdline")).unwrap_or_default();
            let serves = String::from_utf8_lossy(&title).contains("[local]");
            *(if serves { &mut serving } else { &mut others }) += stat.own;
        }
    }
    Ok([TICK * serving, TICK * others])
}

/// The parent of a process.
pub fn parent(pid: u32) -> Result<u32> {
    Ok(Stat::of(pid)?.parent)
}

/// Resident memory in KiB.
pub fn resident(pid: u32) -> Result<u64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status"))?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).ok_or("no VmRSS")?;
    Ok(line.trim().trim_end_matches(" kB").parse()?)
}

/// The load of the machine over one, five and fifteen minutes.
pub fn load_average() -> Result<String> {
    Ok(fs::read_to_string("/proc/loadavg")?.split(' ').take(3).collect::<Vec<_>>().join(" "))
}

/// A line of /proc/PID/stat (proc(5)); times in ticks.
struct Stat {
    parent: u32,
    own: u32,
    ended_children: u32,
}

impl Stat {
    fn of(pid: u32) -> Result<Self> {
        let text = fs::read_to_string(format!("/proc/{pid}/stat"))?;
        // The name of the program may hold spaces and brackets.
        let (_, fields) = text.rsplit_once(") ").ok_or("no stat")?;
        let fields: Vec<&str> = fields.split(' ').collect();
        let number = |field: usize| -> Result<u32> { Ok(fields.get(field).ok_or("a short stat")?.parse()?) };
        Ok(Self { parent: number(1)?, own: number(11)? + number(12)?, ended_children: number(13)? + number(14)? })
    }
}
