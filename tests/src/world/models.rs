//! The models of a test, and what they cost.

use serde_json::Value;

use super::World;

/// The model that most tests call: 1 000 nano-dollars a prompt token, 2 000 a completion token, on OpenRouter.
pub const MODEL: &str = "test/model";

/// A route of a test's model; prices in nano-dollars per million tokens.
#[derive(Clone, Copy, Debug)]
pub struct Route<'a> {
    /// The provider.
    pub provider: &'a str,
    /// What it calls the model: a behaviour of the stand-in.
    pub upstream: &'a str,
    /// The price of the prompt.
    pub prompt: i64,
    /// The price of cached prompt tokens.
    pub cached: i64,
    /// The price of the completion.
    pub completion: i64,
}

impl<'a> Route<'a> {
    /// 1 000 nano-dollars a prompt token, 500 a cached one, 2 000 a completion token.
    #[must_use]
    pub const fn new(provider: &'a str, upstream: &'a str) -> Self {
        Self { provider, upstream, prompt: 1_000_000_000, cached: 500_000_000, completion: 2_000_000_000 }
    }
}

impl World {
    /// Puts a model with these routes, and no others, into the catalog. Whoever puts the same one there at the same time waits at its row.
    ///
    /// # Panics
    /// When the database refuses.
    pub async fn model(&self, id: &str, routes: &[Route<'_>]) {
        let mut sql = format!(
            "insert into gateway.models (id, name, developer, context_length, max_output, input_modalities, image_tokens)
               values ('{id}', '{id}', 'test', 128000, 16384, array['text', 'image'], 1000)
               on conflict (id) do update set name = excluded.name;
             delete from gateway.model_routes where model_id = '{id}';"
        );
        for Route { provider, upstream, prompt, cached, completion } in routes {
            sql.push_str(&format!(
                "insert into gateway.model_routes
                   (model_id, provider, upstream_model, prompt_price, cached_price, completion_price)
                   values ('{id}', '{provider}', '{upstream}', {prompt}, {cached}, {completion});"
            ));
        }
        self.sql(&sql).await;
    }
}

/// What so many tokens cost at [`Route::new`]'s prices, in nano-dollars.
#[must_use]
pub const fn price(prompt: i64, completion: i64) -> i64 {
    prompt * 1_000 + completion * 2_000
}

/// What the tokens in a call's record cost at [`Route::new`]'s prices, in nano-dollars.
///
/// # Panics
/// When it is no record.
#[must_use]
pub fn price_of(record: &Value) -> i64 {
    let tokens = |name: &str| record[name].as_i64().expect("a number of tokens");
    price(tokens("prompt_tokens"), tokens("completion_tokens"))
}
