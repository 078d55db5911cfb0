//! `GET /ping/stats`: How many pings there were.

fn main() -> std::process::ExitCode {
    shared::function::run("ping/stats", shared::routes::ping_stats)
}
