//! `POST /trial/start`: Begins the trial of an account that came without one.

fn main() -> std::process::ExitCode {
    shared::function::run("trial/start", shared::routes::trial_start)
}
