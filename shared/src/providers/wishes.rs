//! What a route must be like to serve a request, as OpenRouter's clients say it in `provider`: the catalog knows which are.

use serde::Serialize;

use super::max_price::MaxPrice;
use super::parameters;
use crate::error::Error;
use crate::object::Object;

/// How exact weights can be, by the names that OpenRouter has for it. What the catalog does not know is `unknown`.
pub const QUANTIZATIONS: [&str; 9] = ["int4", "int8", "fp4", "fp6", "fp8", "fp16", "bf16", "fp32", "unknown"];

/// What a route must be like; what is not wished for may be as it is.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Wishes {
    /// What it may cost.
    #[serde(skip_serializing_if = "Option::is_none")]
    max_price: Option<MaxPrice>,
    /// The parameters of which none may be ignored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parameters: Vec<&'static str>,
    /// How exact its weights may be: one of these.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    quantizations: Vec<&'static str>,
    /// What becomes of what it is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    data_policy: Option<DataPolicy>,
}

/// What a provider does with what it is sent, in the order in which it promises more.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
enum DataPolicy {
    /// It trains no models on it.
    Private,
    /// It keeps nothing of it.
    Zdr,
}

impl Wishes {
    /// Reads those of a request's `provider` object.
    ///
    /// # Errors
    /// 400 that names `provider`.
    pub fn read(request: &Object<'_>, wishes: &Object<'_>) -> Result<Self, Error> {
        let flag = |name: &str| match wishes.read::<bool>(name) {
            Ok(flag) => Ok(flag.unwrap_or(false)),
            Err(_) => Err(Error::invalid("provider", format!("`{name}` of `provider` is true or false."))),
        };
        let requires = flag("require_parameters")?;
        Ok(Self {
            max_price: MaxPrice::read(wishes)?,
            parameters: if requires { parameters::asked(request) } else { Vec::new() },
            quantizations: quantizations(wishes)?,
            data_policy: if flag("zdr")? { Some(DataPolicy::Zdr) } else { data_collection(wishes)? },
        })
    }

    /// Whether any route will do.
    #[must_use]
    pub fn is_none(&self) -> bool {
        *self == Self::default()
    }

    /// The parameters of which none may be ignored.
    #[must_use]
    pub fn parameters(&self) -> &[&'static str] {
        &self.parameters
    }
}

fn quantizations(wishes: &Object<'_>) -> Result<Vec<&'static str>, Error> {
    let wrong = || {
        let message = format!("`quantizations` of `provider` is a list of {}.", QUANTIZATIONS.join(", "));
        Error::invalid("provider", message)
    };
    let named: Vec<String> = wishes.read("quantizations").map_err(|_| wrong())?.unwrap_or_default();
    let known = |name: &String| QUANTIZATIONS.into_iter().find(|known| known == name).ok_or_else(wrong);
    named.iter().map(known).collect()
}

fn data_collection(wishes: &Object<'_>) -> Result<Option<DataPolicy>, Error> {
    let wrong = || Error::invalid("provider", "`data_collection` of `provider` is allow or deny.");
    match wishes.read::<String>("data_collection").map_err(|_| wrong())?.as_deref() {
        None | Some("allow") => Ok(None),
        Some("deny") => Ok(Some(DataPolicy::Private)),
        Some(_) => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(request: &str) -> Result<Value, Error> {
        let request: Object<'_> = serde_json::from_str(request).expect("an object");
        let wishes: Object<'_> = request.read("provider").expect("an object").unwrap_or_default();
        Wishes::read(&request, &wishes).map(|wishes| serde_json::to_value(wishes).expect("json"))
    }

    #[test]
    fn each_is_told_to_the_database_and_what_changes_nothing_is_not() {
        for (provider, wanted) in [
            (r"{}", json!({})),
            (r#"{"zdr":false,"data_collection":"allow","require_parameters":false,"quantizations":[]}"#, json!({})),
            (r#"{"zdr":true,"data_collection":"deny"}"#, json!({ "data_policy": "zdr" })),
            (r#"{"data_collection":"deny"}"#, json!({ "data_policy": "private" })),
            (r#"{"quantizations":["fp8","unknown"]}"#, json!({ "quantizations": ["fp8", "unknown"] })),
            (r#"{"require_parameters":true}"#, json!({ "parameters": ["seed", "tools"] })),
            (r#"{"max_price":{"request":1}}"#, json!({ "max_price": { "request": 1_000_000_000_i64 } })),
        ] {
            let request = format!(r#"{{"tools":[{{}}],"seed":0,"provider":{provider}}}"#);
            assert_eq!(read(&request).expect("wishes"), wanted, "{request}");
        }
    }

    #[test]
    fn what_cannot_be_read_names_its_member() {
        for provider in [
            r#"{"zdr":1}"#,
            r#"{"require_parameters":"yes"}"#,
            r#"{"quantizations":["fp7"]}"#,
            r#"{"quantizations":"fp8"}"#,
            r#"{"data_collection":"never"}"#,
            r#"{"data_collection":false}"#,
        ] {
            let error = read(&format!(r#"{{"provider":{provider}}}"#)).expect_err(provider);
            assert_eq!(error.param.as_deref(), Some("provider"));
        }
    }
}
