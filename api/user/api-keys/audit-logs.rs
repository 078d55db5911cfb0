//! `GET /user/api-keys/audit-logs`: What happened to the account's keys and sign-ins, newest first.

fn main() -> std::process::ExitCode {
    shared::function::run("user/api-keys/audit-logs", shared::routes::user_key_audit_logs)
}
