//! What a route may cost, as OpenRouter's clients say it in `provider.max_price`.

use serde::Serialize;

use crate::error::Error;
use crate::money::Nanos;
use crate::object::Object;

const SHAPE: &str = "`max_price` of `provider` is an object with `prompt` and `completion` in US dollars of a million tokens, `request` and \
                     `image` in US dollars.";

/// The most that a route may cost, in nano-dollars: of a million tokens, of a call, of a picture in the prompt.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct MaxPrice {
    #[serde(skip_serializing_if = "Option::is_none")]
    prompt: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    completion: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<i64>,
}

impl MaxPrice {
    /// Reads that of a request's `provider` object.
    ///
    /// # Errors
    /// 400 that names `provider`, also for what is sold otherwise: a limit that nobody keeps would be none.
    pub fn read(wishes: &Object<'_>) -> Result<Option<Self>, Error> {
        let wrong = || Error::invalid("provider", SHAPE);
        let given: Option<Object<'_>> = wishes.read("max_price").map_err(|_| wrong())?;
        let Some(given) = given else { return Ok(None) };
        let mut most = Self::default();
        for (name, value) in given.iter().filter(|(_, value)| *value != "null") {
            let place = match name {
                "prompt" => &mut most.prompt,
                "completion" => &mut most.completion,
                "request" => &mut most.request,
                "image" => &mut most.image,
                _ => return Err(wrong()),
            };
            // A number, or one in quotes.
            let Nanos(amount) = Nanos::from_dollars(value.trim_matches('"')).map_err(|_| wrong())?;
            *place = Some(amount);
        }
        Ok((most != Self::default()).then_some(most))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dollars_are_read_as_they_are_written() {
        let read = |given: &str| MaxPrice::read(&serde_json::from_str(given).expect("an object"));
        let most = read(r#"{"max_price":{"prompt":0.5,"completion":"2","request":null}}"#).expect("prices");
        assert_eq!(
            most,
            Some(MaxPrice { prompt: Some(500_000_000), completion: Some(2_000_000_000), ..MaxPrice::default() })
        );
        assert_eq!(read("{}").expect("nothing"), None);
        assert_eq!(read(r#"{"max_price":{}}"#).expect("nothing"), None);
        for wrong in [r#"{"max_price":[1]}"#, r#"{"max_price":{"prompt":true}}"#, r#"{"max_price":{"video":1}}"#] {
            assert_eq!(read(wrong).expect_err(wrong).param.as_deref(), Some("provider"));
        }
    }
}
