//! Which of the catalog's routes lead to stand-ins.
//!
//! As soon as there is one real provider, made-up answers would pass for real ones, and be fallen back to when the real one
//! fails. Then no stand-in serves a model of the catalog any more; those of `test/…`, which are asked for by name, are served
//! by whichever provider still is a stand-in.

use crate::database::{Database, DatabaseError};
use crate::provider::NAMES;

/// Opens and closes the routes of this database for these real providers. Repeating it changes nothing.
///
/// # Errors
/// When the database refuses.
pub async fn assign(database: &Database, real: &[&str]) -> Result<(), DatabaseError> {
    let stand_ins: Vec<&str> = NAMES.into_iter().filter(|name| !real.contains(name)).collect();
    let of_tests = "upstream_model like 'standin/%'";
    if let (Some(stand_in), false) = (stand_ins.first(), real.is_empty()) {
        let list = list(real);
        database
            .execute(&format!(
                "insert into gateway.model_routes
                   (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
                 select distinct on (model_id) model_id, '{stand_in}', upstream_model, prompt_price, cached_price, completion_price
                   from gateway.model_routes where {of_tests} and provider in ({list}) order by model_id, provider
                 on conflict (model_id, provider) do nothing"
            ))
            .await?;
    }
    let (all, real, stand_ins) = (real.is_empty(), list(real), list(&stand_ins));
    database
        .execute(&format!(
            "update gateway.model_routes set enabled = case
               when {of_tests} then provider in ({stand_ins})
               else {all} or provider in ({real}) end"
        ))
        .await
}

/// Names as an SQL list; one that matches nothing if there are none.
fn list(names: &[&str]) -> String {
    if names.is_empty() {
        "''".to_owned()
    } else {
        names.iter().map(|name| format!("'{name}'")).collect::<Vec<_>>().join(", ")
    }
}
