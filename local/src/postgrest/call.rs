//! One call of a function: a transaction as PostgREST makes it, in one round trip to Postgres.
use super::{
    auth::Caller,
    catalog::{Arguments, Function, Returns},
};
use crate::database::pool::Connection;
use axum::http::{HeaderMap, request::Parts};
use futures_util::future::{join, join4};
use serde::{Serialize, Serializer};
use tokio_postgres::{Error, Row, Statement, types::ToSql};

/// What PostgREST tells a transaction about the request, and the time that its role has. It ends with the transaction.
const SETTINGS: &str = "select set_config('role', $1, true), set_config('request.jwt.claims', $2, true), \
     set_config('request.method', $3, true), set_config('request.path', $4, true), \
     set_config('request.headers', $5, true), set_config('request.cookies', '{}', true), \
     set_config('statement_timeout', coalesce($6, current_setting('statement_timeout')), true)";

/// A call, ready to be run.
pub(super) struct Call<'a> {
    pub function: &'a Function,
    pub arguments: &'a Arguments,
    /// The JSON object with the arguments.
    pub body: &'a str,
    pub caller: &'a Caller,
    /// The time that the caller's role has, where it has one of its own.
    pub timeout: Option<&'a str>,
    pub request: &'a Parts,
}

impl Call<'_> {
    /// Runs the call and commits it. Answers the JSON of its result, none if it returns nothing, and the headers that it has set
    /// (`response.headers`: <https://docs.postgrest.org/en/v13/references/transactions.html#response-headers>). An error has
    /// rolled everything back.
    pub(super) async fn run(&self, connection: &mut Connection) -> Result<(Option<String>, Option<String>), Error> {
        connection.act_as_authenticator().await?;
        let settings = connection.prepare(SETTINGS).await?;
        let begin = if self.function.volatile { "begin" } else { "begin read only" };
        let headers = headers_json(&self.request.headers);
        let values: [&(dyn ToSql + Sync); 6] = [
            &self.caller.role,
            &self.caller.claims,
            &self.request.method.as_str(),
            &self.request.uri.path(),
            &headers,
            &self.timeout,
        ];
        let (sql, takes_json) = self.function.sql(self.arguments);
        let body: &[&(dyn ToSql + Sync)] = if takes_json { &[&self.body] } else { &[] };
        let rows = match connection.statements.get(&*sql) {
            Some(statement) => {
                // Sent together, so this is one round trip; after an error Postgres skips the rest and rolls back.
                let client = &connection.client;
                let (begun, set, called, committed) = join4(
                    client.batch_execute(begin),
                    client.query(&settings, &values),
                    client.query(statement, body),
                    client.batch_execute("commit"),
                )
                .await;
                begun.and(set).and_then(|_| finish(called, committed))?
            }
            None => {
                let begun =
                    join(connection.client.batch_execute(begin), connection.client.query(&settings, &values)).await;
                let statement: Result<Statement, Error> = match begun.0.and(begun.1) {
                    Ok(_) => connection.prepare(&sql).await,
                    Err(error) => Err(error),
                };
                let called = match &statement {
                    Ok(statement) => connection.client.query(statement, body).await,
                    Err(_) => Ok(Vec::new()),
                };
                let committed = connection.client.batch_execute("commit").await;
                statement?;
                finish(called, committed)?
            }
        };
        let Some(row) = rows.first() else { return Ok((None, None)) };
        let json = match self.function.returns {
            Returns::Void => None,
            Returns::Json | Returns::Value | Returns::Set => Some(row.try_get(0)?),
        };
        Ok((json, row.try_get(1)?))
    }
}

/// The first error of a call and its commit. (A commit after an error is a rollback and succeeds.)
fn finish(called: Result<Vec<Row>, Error>, committed: Result<(), Error>) -> Result<Vec<Row>, Error> {
    let rows = called?;
    committed?;
    Ok(rows)
}

/// The request's headers as a JSON object. Of a header that comes twice, the last counts.
fn headers_json(headers: &HeaderMap) -> String {
    struct Headers<'a>(&'a HeaderMap);
    impl Serialize for Headers<'_> {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            serializer.collect_map(self.0.keys().filter_map(|name| {
                let value = self.0.get_all(name).iter().next_back()?;
                Some((name.as_str(), String::from_utf8_lossy(value.as_bytes())))
            }))
        }
    }
    // Names and values are texts, which are always JSON.
    serde_json::to_string(&Headers(headers)).unwrap_or_else(|_| "{}".to_owned())
}
