//! `GET /notifications/unsubscribe`, `POST /notifications/unsubscribe`: Switches a kind of mail off, by the link in it.

fn main() -> std::process::ExitCode {
    shared::function::run("notifications/unsubscribe", shared::routes::unsubscribe)
}
