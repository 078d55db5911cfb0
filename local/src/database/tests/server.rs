//! A server that is ours: what outlives it, and what it outlives.
use super::*;
use std::{
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Stdio},
    time::{Duration, Instant},
};

#[tokio::test]
async fn data_in_a_folder_outlive_the_server() {
    let source = source();
    if matches!(source, Source::Url(_)) {
        crate::skipped("data_in_a_folder_outlive_the_server: DATABASE_URL names a server that is not ours to stop");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    open_to_all(folder.path());
    let database = Database::start(source.clone(), Some(folder.path())).await.expect("a database");
    database.execute("create table public.kept (n integer); insert into kept values (42)").await.expect("a table");
    database.stop().await;
    let database = Database::start(source.clone(), Some(folder.path())).await.expect("the database again");
    assert_eq!(text(&database, "select n::text from public.kept").await, "42");
    if matches!(source, Source::Installed(_)) {
        for setting in ["fsync", "synchronous_commit", "full_page_writes"] {
            assert_eq!(text(&database, &format!("show {setting}")).await, "on", "{setting}");
        }
    }
    database.stop().await;
}

/// Root's temporary folders are closed to the user that the server then runs as.
fn open_to_all(folder: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).expect("permissions");
}

#[tokio::test]
async fn a_temporary_database_leaves_nothing_behind() {
    let Source::Installed(bin) = source() else {
        crate::skipped("a_temporary_database_leaves_nothing_behind: no installed Postgres");
        return;
    };
    let database = Database::start(Source::Installed(bin), None).await.expect("a database");
    let folder = text(&database, "show data_directory").await;
    assert!(Path::new(&folder).exists());
    database.stop().await;
    assert!(!Path::new(&folder).exists());
}

/// Not a test of its own: the program that the next test kills.
#[tokio::test]
async fn program_to_kill() {
    let Some(folder) = std::env::var_os(KILLED) else {
        return;
    };
    let database = Database::start(source(), Some(Path::new(&folder))).await.expect("a database");
    database.execute("create table public.kept (n integer)").await.expect("a table");
    println!("socket {}", text(&database, "show unix_socket_directories").await);
    std::future::pending::<()>().await;
}

const KILLED: &str = "GATEWAY_TEST_PROGRAM_TO_KILL";

#[tokio::test]
async fn a_killed_program_takes_its_server_along_and_leaves_its_data() {
    let source = source();
    if !matches!(source, Source::Installed(_)) {
        crate::skipped("a_killed_program_takes_its_server_along_and_leaves_its_data: no installed Postgres");
        return;
    }
    let folder = tempfile::tempdir().expect("a folder");
    open_to_all(folder.path());
    let mut program = Command::new(std::env::current_exe().expect("this program"))
        .args(["--exact", "database::tests::server::program_to_kill", "--nocapture"])
        .env(KILLED, folder.path())
        .stdout(Stdio::piped())
        .spawn()
        .expect("a program");
    let output = BufReader::new(program.stdout.take().expect("its output"));
    let scratch = output
        .lines()
        .map_while(Result::ok)
        .find_map(|line| Some(PathBuf::from(line.split_once("socket ")?.1)))
        .expect("its socket");
    program.kill().expect("killed");
    // At once, while the old server may still be stopping.
    let database = Database::start(source, Some(folder.path())).await.expect("the database again");
    assert_eq!(text(&database, "select count(*)::text from public.kept").await, "0");
    program.wait().expect("its end");
    let limit = Instant::now() + Duration::from_secs(60);
    while scratch.exists() {
        assert!(Instant::now() < limit, "{} is still there", scratch.display());
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
