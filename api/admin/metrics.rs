//! `GET /admin/metrics`: Counters and gauges for Prometheus.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/metrics", shared::routes::admin_metrics)
}
