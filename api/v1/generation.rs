//! `GET /v1/generation`: One call: what it used, what it cost and how long it took.

fn main() -> std::process::ExitCode {
    shared::function::run("v1/generation", shared::routes::v1_generation)
}
