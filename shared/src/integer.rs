//! Whole numbers, however JSON writes them.

use std::fmt;

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::Schema;
use utoipa::{PartialSchema, ToSchema};

/// A whole number. JSON knows one kind of number, so 30, 30.0 and 3e1 are the same; Python writes the second where a
/// sum was a float.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(transparent)]
pub struct Integer(pub i64);

impl fmt::Display for Integer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<'de> Deserialize<'de> for Integer {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Number;
        impl Visitor<'_> for Number {
            type Value = Integer;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number")
            }

            fn visit_i64<E: Error>(self, number: i64) -> Result<Integer, E> {
                Ok(Integer(number))
            }

            fn visit_u64<E: Error>(self, number: u64) -> Result<Integer, E> {
                i64::try_from(number).map(Integer).map_err(|_| E::custom("a number is too large"))
            }

            fn visit_f64<E: Error>(self, number: f64) -> Result<Integer, E> {
                // Every whole number up to here is exact in a float.
                const LARGEST: f64 = 9_007_199_254_740_992.0;
                if number.fract() == 0.0 && number.abs() <= LARGEST {
                    return Ok(Integer(number as i64));
                }
                Err(E::custom("a number is not whole, or too large"))
            }
        }
        deserializer.deserialize_any(Number)
    }
}

impl PartialSchema for Integer {
    fn schema() -> RefOr<Schema> {
        i64::schema()
    }
}

impl ToSchema for Integer {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_the_same_however_it_is_written() {
        for (text, number) in [("30", 30), ("30.0", 30), ("3e1", 30), ("-0.0", 0), ("0.1e1", 1), ("-7", -7)] {
            assert_eq!(serde_json::from_str::<Integer>(text).expect(text), Integer(number), "{text}");
        }
        for text in ["1.5", "1e300", "18446744073709551616", "9223372036854775808", "\"1\"", "null", "true", "[]"] {
            assert!(serde_json::from_str::<Integer>(text).is_err(), "{text}");
        }
    }
}
