//! `GET /admin/audit-logs`: The audit trail, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("admin/audit-logs", shared::routes::admin_audit_logs)
}
