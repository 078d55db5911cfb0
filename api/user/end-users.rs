//! `GET /user/end-users`, `PUT /user/end-users`, `DELETE /user/end-users`: Whom the account makes calls for, and what each may spend.

fn main() -> std::process::ExitCode {
    shared::function::run("user/end-users", shared::routes::user_end_users)
}
