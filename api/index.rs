//! The whole table, for the single-function layout on Vercel and for Lambda.

fn main() -> std::process::ExitCode {
    shared::function::run("index", shared::routes::all)
}
