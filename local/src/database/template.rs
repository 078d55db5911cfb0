//! The template that test databases are copied from.
use super::{
    DatabaseError,
    blueprint::Blueprint,
    migrate,
    pool::{Pool, quoted},
    with_database,
};
use sha2::{Digest, Sha256};
use tokio_postgres::{Client, NoTls};

/// Test processes that share one server take turns at its template by this advisory lock.
const LOCK: i64 = 0x6761_7465_7761_7902;

/// Makes sure that the server has a template of this blueprint. Its name says what it holds, so that processes and runs
/// share it where they share a server. Answers a client of the server and the clause that copies the template.
///
/// The client holds an advisory lock on the template for as long as it lives, so that nobody drops it meanwhile.
pub(super) async fn prepare(url: &str, blueprint: &Blueprint) -> Result<(Client, String), DatabaseError> {
    let (client, driver) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(driver);
    let schema = fingerprint(blueprint);
    let name = format!("gateway_template_{schema:016x}");
    client.execute("select pg_advisory_lock($1)", &[&LOCK]).await?;
    let templates = drop_unused(&client, schema).await?;
    client.execute("select pg_advisory_lock_shared($1)", &[&schema]).await?;
    if !templates.contains(&name) {
        let unfinished = format!("{name}_unfinished");
        client.batch_execute(&format!("create database \"{unfinished}\"")).await?;
        let config = with_database(url, &unfinished).parse().map_err(DatabaseError::Url)?;
        let mut lease = Pool::new(config, 1, None).acquire().await?;
        migrate::apply(&mut lease.connection, blueprint).await?;
        lease.close().await;
        let rename = format!("alter database \"{unfinished}\" rename to \"{name}\"");
        client.batch_execute(&rename).await?;
    }
    client.execute("select pg_advisory_unlock($1)", &[&LOCK]).await?;
    let row = client.query_one("show fsync", &[]).await?;
    // Copying files takes 10 ms where nothing waits for the disk, and a second where it does: then the log is faster.
    let strategy = match row.try_get(0)? {
        "off" => " strategy file_copy",
        _ => "",
    };
    Ok((client, format!("template \"{name}\"{strategy}")))
}

/// Drops the templates of other schemas than `ours` that no process uses, and unfinished ones. Answers those left.
async fn drop_unused(client: &Client, ours: i64) -> Result<Vec<String>, DatabaseError> {
    let all = "select datname::text from pg_database where datname like 'gateway\\_template\\_%'";
    let mut left = Vec::new();
    for row in client.query(all, &[]).await? {
        let name: String = row.try_get(0)?;
        let digits = name.trim_start_matches("gateway_template_");
        let finished = !digits.ends_with("_unfinished");
        let Ok(schema) = u64::from_str_radix(digits.trim_end_matches("_unfinished"), 16) else {
            continue;
        };
        let schema = schema.cast_signed();
        if finished && schema == ours {
            left.push(name);
            continue;
        }
        let row = client.query_one("select pg_try_advisory_lock($1)", &[&schema]).await?;
        if row.try_get(0)? {
            let dropped = client.batch_execute(&format!("drop database {}", quoted(&name))).await;
            client.execute("select pg_advisory_unlock($1)", &[&schema]).await?;
            dropped?;
        }
    }
    Ok(left)
}

/// A number for what a blueprint makes of a database.
fn fingerprint(blueprint: &Blueprint) -> i64 {
    let mut hash = Sha256::new().chain_update(migrate::BOOTSTRAP);
    for sql in blueprint.sql() {
        hash.update(sql.len().to_le_bytes());
        hash.update(sql);
    }
    let digest: [u8; 32] = hash.finalize().into();
    let [a, b, c, d, e, f, g, h, ..] = digest;
    i64::from_be_bytes([a, b, c, d, e, f, g, h])
}
