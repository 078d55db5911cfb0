//! The database's clock and locks in a test's hands.

use tokio_postgres::{Client, NoTls};

use super::{Account, World};
use crate::watch::poll;

impl World {
    /// Sets the database's clock to a moment, at which it stays.
    ///
    /// # Panics
    /// When it is not one.
    pub async fn set_clock(&self, at: &str) {
        self.sql(&format!(
            "create or replace function gateway.now() returns timestamptz language sql volatile set search_path = ''
             as $$ select timestamptz '{at}' $$;
             select gateway.make_months(timestamptz '{at}')"
        ))
        .await;
    }

    /// A transaction that has locked an account's row, and goes on until its client ends it.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn locked(&self, account: &Account) -> Client {
        self.locked_rows(&format!("select from gateway.accounts where id = '{}'", account.id)).await
    }

    /// A transaction that has locked the rows of a query, and goes on until its client ends it. Its connection is none of those
    /// that the gateway's requests need.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn locked_rows(&self, rows: &str) -> Client {
        let url = self.platform.database.url();
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        client.batch_execute(&format!("begin; {rows} for update")).await.expect("the lock");
        client
    }

    /// Waits until so many transactions wait for a lock.
    ///
    /// # Panics
    /// When they never do.
    pub async fn until_waiting(&self, number: i64) {
        let sql = "select count(*) from pg_stat_activity
                   where datname = current_database() and wait_event_type = 'Lock'";
        poll("transactions that wait for a lock", || async { self.value(sql).await == number }).await;
    }
}
