//! A call's name as its client is told it, in the form that OpenRouter's clients know.

use uuid::Uuid;

const PREFIX: &str = "gen-";

/// The name of a call.
#[must_use]
pub fn write(call: Uuid) -> String {
    format!("{PREFIX}{}", call.simple())
}

/// The call that has this name, if it is one.
#[must_use]
pub fn read(name: &str) -> Option<Uuid> {
    let digits = name.strip_prefix(PREFIX).filter(|digits| digits.len() == uuid::fmt::Simple::LENGTH)?;
    Uuid::try_parse(digits).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_was_written() {
        let call = Uuid::now_v7();
        assert_eq!(read(&write(call)), Some(call));
        for other in ["", "gen-", "gen-1790000000-abc", &call.to_string(), &format!("gen-{call}")] {
            assert_eq!(read(other), None, "{other}");
        }
    }
}
