//! `GET /ranking/apps`: The apps that are used most.

fn main() -> std::process::ExitCode {
    shared::function::run("ranking/apps", shared::routes::ranking_apps)
}
