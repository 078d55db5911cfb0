//! Parameters that every provider refuses when they are out of range (OpenAI's API reference, "Create chat completion"
//! and "Create completion"): refused before anybody is asked, so that whoever sent them hears why, and at once.

use super::body::read;
use crate::error::Error;
use crate::object::Object;

/// Numbers and their ranges.
const RANGES: [(&str, f64, f64); 4] =
    [("temperature", 0.0, 2.0), ("top_p", 0.0, 1.0), ("presence_penalty", -2.0, 2.0), ("frequency_penalty", -2.0, 2.0)];

/// The most alternatives of a token that are shown.
const MOST_ALTERNATIVES: f64 = 20.0;

/// Checks the numbers that steer sampling.
///
/// # Errors
/// 400 that names the member and its range.
pub fn check_sampling(request: &Object<'_>) -> Result<(), Error> {
    for (name, least, most) in RANGES {
        let out_of_range = || Error::invalid(name, format!("`{name}` is a number from {least} to {most}."));
        let number: Option<f64> = request.read(name).map_err(|_| out_of_range())?;
        if number.is_some_and(|number| !(least..=most).contains(&number)) {
            return Err(out_of_range());
        }
    }
    Ok(())
}

/// Checks the tools and the likelihoods that a chat asks for.
///
/// # Errors
/// 400 that names the member.
pub fn check_chat(request: &Object<'_>) -> Result<(), Error> {
    const TOOLS: &str = "`tools` is an array of at least one tool; leave it out to offer none.";
    const LOGPROBS: &str = "`logprobs` is true or false; how many alternatives are shown is `top_logprobs`.";
    const ALTERNATIVES: &str = "`top_logprobs` is a whole number from 0 to 20.";
    let tools: Option<Vec<Object<'_>>> = read(request, "tools", TOOLS)?;
    if tools.is_some_and(|tools| tools.is_empty()) {
        return Err(Error::invalid("tools", TOOLS));
    }
    let logprobs: bool = read(request, "logprobs", LOGPROBS)?.unwrap_or(false);
    let alternatives: Option<f64> = read(request, "top_logprobs", ALTERNATIVES)?;
    let Some(alternatives) = alternatives else { return Ok(()) };
    if alternatives.fract() != 0.0 || !(0.0..=MOST_ALTERNATIVES).contains(&alternatives) {
        return Err(Error::invalid("top_logprobs", ALTERNATIVES));
    }
    if !logprobs {
        return Err(Error::invalid("top_logprobs", "`top_logprobs` goes with `logprobs: true` only."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_every_provider_refuses_is_refused_by_its_name() {
        for (member, value) in [
            ("temperature", "9"),
            ("temperature", "-0.1"),
            ("temperature", "\"hot\""),
            ("top_p", "1.01"),
            ("presence_penalty", "-2.5"),
            ("frequency_penalty", "[]"),
            ("tools", "[]"),
            ("tools", "{}"),
            ("tools", "[1]"),
            ("logprobs", "5"),
            ("top_logprobs", "21"),
            ("top_logprobs", "1.5"),
            ("top_logprobs", "2"),
        ] {
            let text = format!(r#"{{"{member}":{value}}}"#);
            let request: Object<'_> = serde_json::from_str(&text).expect("an object");
            let error = check_sampling(&request).and_then(|()| check_chat(&request)).expect_err(&text);
            assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(member)), "{text}");
        }
        for text in [
            "{}",
            r#"{"temperature":2,"top_p":0.0,"presence_penalty":null,"frequency_penalty":-2}"#,
            r#"{"tools":null,"logprobs":true,"top_logprobs":20}"#,
            r#"{"tools":[{"type":"function"}],"logprobs":false}"#,
        ] {
            let request: Object<'_> = serde_json::from_str(text).expect("an object");
            assert_eq!(check_sampling(&request).and_then(|()| check_chat(&request)), Ok(()), "{text}");
        }
    }
}
