//! Money in nano-dollars, and its way in and out of JSON without ever being a float.

use std::borrow::Cow;
use std::fmt;

use serde::de::Error as _;
use serde::ser::Error as _;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::value::RawValue;
use utoipa::openapi::RefOr;
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::{PartialSchema, ToSchema};

/// Nano-dollars in one US dollar.
const PER_DOLLAR: u64 = 1_000_000_000;

/// An amount of money in nano-dollars (1 USD = 1 000 000 000).
///
/// In the API it is a JSON number of dollars with at most nine decimals; in the database a `bigint`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Nanos(pub i64);

/// Why a text is not an amount.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AmountError {
    /// Not a JSON number.
    #[error("an amount is a decimal number of US dollars, such as 12.5")]
    NotADecimal,
    /// Finer than a nano-dollar.
    #[error("an amount has at most 9 decimals")]
    TooPrecise,
    /// Beyond what a `bigint` of nano-dollars holds.
    #[error("an amount is below 9.2 billion US dollars")]
    TooLarge,
}

impl Nanos {
    /// Reads dollars: `12`, `0.5`, `-3.000000001`, and `1e-05`, which is how Python prints 0.00001.
    ///
    /// # Errors
    /// When the text is not a decimal, has more than nine decimals or does not fit.
    pub fn from_dollars(text: &str) -> Result<Self, AmountError> {
        let Some((mantissa, exponent)) = text.split_once(['e', 'E']) else { return Self::from_plain(text) };
        let unsigned = exponent.strip_prefix(['+', '-']).unwrap_or(exponent);
        if unsigned.is_empty() || !unsigned.bytes().all(|b| b.is_ascii_digit()) {
            return Err(AmountError::NotADecimal);
        }
        // Beyond these no amount fits, whatever its digits; nothing as long as its exponent says is ever written out.
        let exponent: i32 = exponent.parse().unwrap_or(if exponent.starts_with('-') { -1000 } else { 1000 });
        let plain = shifted(mantissa, exponent.clamp(-1000, 1000)).ok_or(AmountError::NotADecimal)?;
        Self::from_plain(&plain)
    }

    fn from_plain(text: &str) -> Result<Self, AmountError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, fraction) = match digits.split_once('.') {
            Some((_, "")) => return Err(AmountError::NotADecimal),
            Some(parts) => parts,
            None => (digits, ""),
        };
        let all_digits = |s: &str| s.bytes().all(|b| b.is_ascii_digit());
        if whole.is_empty() || !all_digits(whole) || !all_digits(fraction) {
            return Err(AmountError::NotADecimal);
        }
        let significant = fraction.trim_end_matches('0');
        if significant.len() > 9 {
            return Err(AmountError::TooPrecise);
        }
        let whole: i64 = whole.parse().map_err(|_| AmountError::TooLarge)?;
        let fraction: i64 = format!("{significant:0<9}").parse().map_err(|_| AmountError::NotADecimal)?;
        let amount = i64::try_from(PER_DOLLAR)
            .ok()
            .and_then(|per_dollar| whole.checked_mul(per_dollar))
            .and_then(|nanos| nanos.checked_add(fraction))
            .ok_or(AmountError::TooLarge)?;
        Ok(Self(if negative { -amount } else { amount }))
    }

    /// The amount as a raw JSON number of dollars.
    ///
    /// # Errors
    /// None in practice: the text is always a JSON number.
    pub fn to_raw(self) -> serde_json::Result<Box<RawValue>> {
        RawValue::from_string(self.to_string())
    }
}

/// A decimal with its point moved to the right, or to the left if `places` is negative.
fn shifted(decimal: &str, places: i32) -> Option<String> {
    let (sign, digits) = decimal.strip_prefix('-').map_or(("", decimal), |digits| ("-", digits));
    let (whole, fraction) = digits.split_once('.').unwrap_or((digits, ""));
    if whole.is_empty() || digits.ends_with('.') || !(whole.bytes().chain(fraction.bytes()).all(|b| b.is_ascii_digit()))
    {
        return None;
    }
    let all = format!("{whole}{fraction}");
    let point = i32::try_from(whole.len()).ok()?.checked_add(places)?;
    let length = i32::try_from(all.len()).ok()?;
    let zeros = |count: i32| "0".repeat(usize::try_from(count).unwrap_or_default());
    Some(match usize::try_from(point) {
        Ok(point) if point > 0 && point < all.len() => format!("{sign}{}.{}", &all[..point], &all[point..]),
        Ok(point) if point > 0 => {
            // Leading zeros would only make a small number look large.
            let whole = format!("{all}{}", zeros(i32::try_from(point).ok()? - length));
            let trimmed = whole.trim_start_matches('0');
            format!("{sign}{}", if trimmed.is_empty() { "0" } else { trimmed })
        }
        _ => format!("{sign}0.{}{all}", zeros(-point)),
    })
}

impl fmt::Display for Nanos {
    /// Dollars, without trailing zeros: `0`, `12.5`, `-0.000000001`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { "-" } else { "" };
        let magnitude = self.0.unsigned_abs();
        let (whole, fraction) = (magnitude / PER_DOLLAR, magnitude % PER_DOLLAR);
        if fraction == 0 {
            return write!(f, "{sign}{whole}");
        }
        let decimals = format!("{fraction:09}");
        write!(f, "{sign}{whole}.{}", decimals.trim_end_matches('0'))
    }
}

impl PartialSchema for Nanos {
    fn schema() -> RefOr<Schema> {
        ObjectBuilder::new()
            .schema_type(Type::Number)
            .description(Some("US dollars, with at most nine decimals."))
            .examples([serde_json::json!(12.5)])
            .into()
    }
}

impl ToSchema for Nanos {
    fn name() -> Cow<'static, str> {
        Cow::Borrowed("Dollars")
    }
}

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.to_raw().map_err(S::Error::custom)?.serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <Box<RawValue>>::deserialize(deserializer)?;
        Self::from_dollars(raw.get()).map_err(D::Error::custom)
    }
}

/// Serde for amounts that the database gives and takes: whole nano-dollars.
pub mod nanos {
    use super::{Deserialize, Deserializer, Nanos, Serializer};

    /// Writes the bare `bigint`.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(amount: &Nanos, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_i64(amount.0)
    }

    /// Reads the bare `bigint`.
    ///
    /// # Errors
    /// When it is not an integer.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Nanos, D::Error> {
        i64::deserialize(deserializer).map(Nanos)
    }
}

/// The same of amounts that may be missing.
pub mod optional_nanos {
    use super::{Deserialize, Deserializer, Nanos, Serialize, Serializer};

    /// Writes the bare `bigint`, or null.
    ///
    /// # Errors
    /// The serializer's own.
    pub fn serialize<S: Serializer>(amount: &Option<Nanos>, serializer: S) -> Result<S::Ok, S::Error> {
        amount.map(|Nanos(nanos)| nanos).serialize(serializer)
    }

    /// Reads the bare `bigint`, or null.
    ///
    /// # Errors
    /// When it is neither.
    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Nanos>, D::Error> {
        Ok(Option::<i64>::deserialize(deserializer)?.map(Nanos))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn dollars_read_back_as_written(amount in any::<i64>()) {
            prop_assume!(amount != i64::MIN);
            prop_assert_eq!(Nanos::from_dollars(&Nanos(amount).to_string()), Ok(Nanos(amount)));
        }

        #[test]
        fn reading_never_panics(text in "\\PC*") {
            let _ = Nanos::from_dollars(&text);
        }
    }

    #[test]
    fn only_plain_decimals_are_amounts() {
        for text in ["", "-", ".5", "5.", "e3", "1e", "1e+-3", ".5e1", "5.e1", "+1", "0x1", "1,5", " 1", "NaN", "\"1\""]
        {
            assert_eq!(Nanos::from_dollars(text), Err(AmountError::NotADecimal), "{text:?}");
        }
        assert_eq!(Nanos::from_dollars("0.0000000001"), Err(AmountError::TooPrecise));
        assert_eq!(Nanos::from_dollars("0.1000000000000"), Ok(Nanos(100_000_000)));
        assert_eq!(Nanos::from_dollars("9999999999999"), Err(AmountError::TooLarge));
    }

    #[test]
    fn exponents_are_read_exactly() {
        for (text, nanos) in [
            ("1e-05", 10_000),
            ("1E3", 1_000_000_000_000),
            ("1.5e+2", 150_000_000_000),
            ("1.5e1", 15_000_000_000),
            ("-2.5e-9", 0),
            ("-25e-10", 0),
            ("-20e-10", -2),
            ("0e999999999999", 0),
            ("0.000e-999", 0),
            ("00123e-2", 1_230_000_000),
        ] {
            let wanted =
                if nanos == 0 && text.starts_with('-') { Err(AmountError::TooPrecise) } else { Ok(Nanos(nanos)) };
            assert_eq!(Nanos::from_dollars(text), wanted, "{text}");
        }
        assert_eq!(Nanos::from_dollars("1e-10"), Err(AmountError::TooPrecise));
        assert_eq!(Nanos::from_dollars("1e10"), Err(AmountError::TooLarge));
        assert_eq!(Nanos::from_dollars("1e99999999999999"), Err(AmountError::TooLarge));
    }

    #[test]
    fn json_carries_dollars_exactly() {
        let amount: Nanos = serde_json::from_str("9007199.254740993").expect("an amount");
        assert_eq!(amount, Nanos(9_007_199_254_740_993));
        assert_eq!(serde_json::to_string(&amount).expect("json"), "9007199.254740993");
    }
}
