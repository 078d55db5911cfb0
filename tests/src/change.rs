//! What a test changes behind the gateway's back: the clock, keys, accounts.

use local::secrets::Secrets;
use serde_json::Value;
use tokio_postgres::{Client, NoTls};
use uuid::Uuid;

use crate::watch::poll;
use crate::world::{Account, World};

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

    /// Sets columns of an account's key: `set` as in SQL's update.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn change_key(&self, account: &Account, set: &str) {
        self.sql(&format!("update gateway.api_keys set {set} where id = '{}'", account.key_id)).await;
    }

    /// Sets columns of an account: `set` as in SQL's update.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn change_account(&self, account: &Account, set: &str) {
        self.sql(&format!("update gateway.accounts set {set} where id = '{}'", account.id)).await;
    }

    /// Gives an account a key of its own at a provider, as the gateway would have stored it.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn own_key(&self, account: Uuid, provider: &str, key: &str) {
        let app = self.platform.gateway().expect("a gateway");
        let sealed = shared::keyring::seal(&app, key).expect("a keyring");
        self.sql(&format!(
            "insert into gateway.provider_keys
               (account_id, provider, ciphertext, key_version, last_four, created_at)
               values ('{account}', '{provider}', '{}', {}, right('{key}', 4), gateway.now())
               on conflict (account_id, provider) do update set ciphertext = excluded.ciphertext;
             update gateway.accounts set has_provider_keys = true where id = '{account}'",
            sealed.ciphertext, sealed.version
        ))
        .await;
    }

    /// A transaction that has locked an account's row, and goes on until its client ends it.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn locked(&self, account: &Account) -> Client {
        let url = self.platform.database.url();
        let (client, connection) = tokio_postgres::connect(url, NoTls).await.expect("a connection");
        tokio::spawn(connection);
        let lock = format!("begin; select from gateway.accounts where id = '{}' for update", account.id);
        client.batch_execute(&lock).await.expect("the account's lock");
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

    /// Gives an account another key with these scopes, separated by commas.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn another_key(&self, account: &Account, scopes: &str) -> Account {
        let (key_id, key) = (Uuid::new_v4(), format!("gw_live_{}", Secrets::random().of("key")));
        self.sql(&format!(
            "insert into gateway.api_keys (id, account_id, key_hash, prefix, last_four, name, environment, scopes)
               values ('{key_id}', '{}', '{}', 'gw_live_', 'test', 'another', 'live', '{{{scopes}}}')",
            account.id,
            self.hash(&key)
        ))
        .await;
        Account { id: account.id, key_id, key }
    }

    /// Everything that is stored about an account, but for what its calls count: to be compared with what is stored
    /// later.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn evidence(&self, account: Uuid) -> Value {
        let rows = |table: &str, column: &str| {
            format!(
                "(select jsonb_agg(to_jsonb(t) order by to_jsonb(t)) from gateway.{table} t where {column} = '{account}')"
            )
        };
        let tables = "select jsonb_object_agg(table_name, column_name) from information_schema.columns
                      where table_schema = 'gateway' and column_name = 'account_id'";
        let tables = self.value(tables).await;
        let mut parts = vec![rows("accounts", "id")];
        parts.extend(tables.as_object().expect("tables").keys().map(|table| rows(table, "account_id")));
        self.value(&format!("select jsonb_build_array({})", parts.join(", "))).await
    }
}
