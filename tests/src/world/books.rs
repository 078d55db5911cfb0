//! What the stores hold when the calls of a test are over.

use local::upstash::Reply;
use serde_json::{Value, json};
use uuid::Uuid;

use super::{Account, World};
use crate::certain;

impl World {
    /// Reserves so much, as other calls under way would; gives the call's id.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn reserve(&self, account: &Account, nanos: i64) -> Uuid {
        let call = Uuid::now_v7();
        let Account { id, key_id, .. } = account;
        self.sql(&format!(
            "update gateway.accounts set held = held + {nanos}, next_overdue = gateway.now() + interval '1 hour'
               where id = '{id}';
             insert into gateway.holds (call_id, account_id, key_id, state, amount, created_at, expires_at)
               values ('{call}', '{id}', '{key_id}', 'open', {nanos}, gateway.now(), gateway.now() + interval '1 hour')"
        ))
        .await;
        call
    }

    /// Waits until no hold is open and no lease is left: every call has been settled.
    ///
    /// # Panics
    /// When that does not come.
    pub async fn settled(&self) {
        let open = format!("select count(*) from gateway.holds where state = 'open' and {}", self.is_own("account_id"));
        let settled = async {
            while self.leases().await > 0 || self.value(&open).await != json!(0) {
                tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            }
        };
        certain("the settle of every call", settled).await;
    }

    /// The columns of the newest call's record, as JSON.
    ///
    /// # Panics
    /// When there is none.
    pub async fn newest_call(&self) -> Value {
        let own = self.is_own("account_id");
        let sql = "select to_jsonb(r) from gateway.requests r";
        self.value(&format!("{sql} where {own} order by call_id desc limit 1")).await
    }

    /// How many calls are recorded.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn recorded_calls(&self) -> i64 {
        let sql = format!("select count(*) from gateway.requests where {}", self.is_own("account_id"));
        self.value(&sql).await.as_i64().expect("a number")
    }

    /// Leases of accounts that have not been ended.
    ///
    /// # Panics
    /// When Redis does not answer.
    pub async fn leases(&self) -> usize {
        const PREFIX: &str = "lease:account:";
        if let Ok(contents) = self.platform.upstash.contents() {
            let leases = contents.iter().filter(|entry| entry.starts_with(PREFIX));
            return leases.map(|entry| entry.split(' ').skip(1).count()).sum();
        }
        let accounts = format!("select id::text from gateway.accounts where {}", self.is_own("id"));
        let accounts = self.platform.database.texts(&accounts).await.expect("ids");
        let mut leases = 0;
        for account in accounts.into_iter().flatten() {
            let key = format!("{PREFIX}{account}");
            let reply = self.platform.upstash.execute(&["ZCARD", &key]).await.expect("ZCARD");
            if let Reply::Integer(count) = reply {
                leases += usize::try_from(count).expect("a count");
            }
        }
        leases
    }

    /// The ledger's invariants hold.
    ///
    /// # Panics
    /// When one does not.
    pub async fn assert_ledger_clean(&self) {
        let report = self.value("select gateway.ledger_check()").await;
        assert_eq!(report["ok"], json!(true), "{report}");
    }

    /// Balance, held and debt of an account, in nano-dollars.
    ///
    /// # Panics
    /// When there is no such account.
    pub async fn money(&self, account: Uuid) -> (i64, i64, i64) {
        let sql = format!("select jsonb_build_array(balance, held, debt) from gateway.accounts where id = '{account}'");
        let money = self.value(&sql).await;
        let amount = |i: usize| money[i].as_i64().expect("an amount");
        (amount(0), amount(1), amount(2))
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

    /// Whether any row of any table holds this text.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn is_stored(&self, text: &str) -> bool {
        let tables =
            "select jsonb_agg(relname) from pg_class where relnamespace = 'gateway'::regnamespace and relkind = 'r'";
        let tables: Vec<String> = serde_json::from_value(self.value(tables).await).expect("tables");
        for table in tables {
            let found = format!("select exists (select from gateway.{table} t where strpos(t::text, '{text}') > 0)");
            if self.value(&found).await == true {
                return true;
            }
        }
        false
    }
}

/// An amount of dollars in an answer, in nano-dollars.
///
/// # Panics
/// When it is not an amount.
#[must_use]
pub fn nanos(dollars: &Value) -> i64 {
    // Small figures are exact in an f64's shortest form, which is how serde_json prints them.
    let text = dollars.to_string();
    let text = match text.split_once('e') {
        Some((digits, exponent)) => {
            let decimals = digits.split_once('.').map_or(0, |(_, fraction)| fraction.len());
            let places = exponent.trim_start_matches('-').parse::<usize>().expect("an exponent") + decimals;
            format!("{:.places$}", dollars.as_f64().expect("a number"))
        }
        None => text,
    };
    shared::money::Nanos::from_dollars(text.trim_end_matches(".0")).unwrap_or_else(|e| panic!("{text}: {e}")).0
}
