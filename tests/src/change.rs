//! What a test changes behind the gateway's back: the clock, keys, accounts.

use crate::world::{Account, World};

impl World {
    /// Sets the database's clock to a moment, at which it stays.
    ///
    /// # Panics
    /// When it is not one.
    pub async fn set_clock(&self, at: &str) {
        self.sql(&format!(
            "create or replace function gateway.now() returns timestamptz language sql volatile set search_path = ''
             as $$ select timestamptz '{at}' $$"
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
}
