//! `POST /subscription/resume`: Lets it go on after all.

fn main() -> std::process::ExitCode {
    shared::function::run("subscription/resume", shared::routes::subscription_resume)
}
