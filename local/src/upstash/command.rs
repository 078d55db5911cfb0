//! Reads a command out of the body of a request.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde_json::Number;

/// A command: its name, then its arguments, as bytes.
#[derive(Debug)]
pub(super) struct Command(Vec<Argument>);

impl Command {
    /// Parses `["SET", "key", "value", "EX", 100]`: strings, and numbers, which count as their decimal text.
    ///
    /// # Errors
    /// A message for people when the body is anything else.
    pub(super) fn parse(body: &[u8]) -> Result<Self, String> {
        let arguments: Vec<Argument> = serde_json::from_slice(body)
            .map_err(|error| format!("ERR the body is no JSON array of strings and numbers: {error}"))?;
        if arguments.is_empty() {
            return Err("ERR the command is empty".to_owned());
        }
        Ok(Self(arguments))
    }

    pub(super) fn arguments(&self) -> Vec<&[u8]> {
        self.0.iter().map(|argument| argument.0.as_bytes()).collect()
    }
}

#[derive(Debug)]
struct Argument(String);

impl<'de> Deserialize<'de> for Argument {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ArgumentVisitor)
    }
}

struct ArgumentVisitor;

impl Visitor<'_> for ArgumentVisitor {
    type Value = Argument;

    fn expecting(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str("a string or a number")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Argument, E> {
        Ok(Argument(text.to_owned()))
    }

    fn visit_string<E: Error>(self, text: String) -> Result<Argument, E> {
        Ok(Argument(text))
    }

    fn visit_i64<E: Error>(self, number: i64) -> Result<Argument, E> {
        Ok(Argument(number.to_string()))
    }

    fn visit_u64<E: Error>(self, number: u64) -> Result<Argument, E> {
        Ok(Argument(number.to_string()))
    }

    fn visit_f64<E: Error>(self, number: f64) -> Result<Argument, E> {
        Number::from_f64(number)
            .map(|number| Argument(number.to_string()))
            .ok_or_else(|| E::custom("a number out of range"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(body: &str) -> Result<Vec<String>, String> {
        let command = Command::parse(body.as_bytes())?;
        Ok(command.arguments().into_iter().map(|argument| String::from_utf8(argument.to_vec()).unwrap()).collect())
    }

    #[test]
    fn numbers_and_strings_are_arguments() {
        assert_eq!(
            arguments(r#"["SET", "a\n\u00e9", 18446744073709551615, -3, 1.5]"#).unwrap(),
            ["SET", "a\n\u{e9}", "18446744073709551615", "-3", "1.5"]
        );
    }

    #[test]
    fn anything_else_is_refused() {
        for body in ["", "[]", "{}", "\"PING\"", "[null]", "[true]", "[[\"PING\"]]", "[\"PING\"] x", "[\"\u{1}\"]"] {
            assert!(arguments(body).is_err(), "{body}");
        }
        assert!(Command::parse(b"[\"\xff\"]").is_err());
    }
}
