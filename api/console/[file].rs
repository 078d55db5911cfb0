//! `GET /console/{*file}`: What the console consists of.

fn main() -> std::process::ExitCode {
    shared::function::run("console/[file]", shared::routes::console_file)
}
