//! Form-encoded bodies whose names have brackets: `line_items[0][price_data][currency]=usd`.

use std::collections::BTreeMap;

use serde_json::Value;

/// The pairs of a body or a query, by name. A name may come once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Form(pub BTreeMap<String, String>);

impl Form {
    /// Reads `a=b&c[d]=e`. `None` where a name comes twice.
    pub(super) fn read(text: &str) -> Option<Self> {
        let mut pairs = BTreeMap::new();
        let mut lists: BTreeMap<String, usize> = BTreeMap::new();
        for pair in text.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let mut name = decoded(name)?;
            // `types[]=a&types[]=b` is how some write a list.
            if let Some(list) = name.strip_suffix("[]") {
                let place = lists.entry(list.to_owned()).or_default();
                name = format!("{list}[{place}]");
                *place += 1;
            }
            if pairs.insert(name, decoded(value)?).is_some() {
                return None;
            }
        }
        Some(Self(pairs))
    }

    /// The value of a name.
    pub(super) fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    /// A whole number, which the parameters have said that it is.
    pub(super) fn number(&self, name: &str) -> Option<i64> {
        self.text(name)?.parse().ok()
    }

    /// Whether a flag is set.
    pub(super) fn flag(&self, name: &str) -> bool {
        self.text(name) == Some("true")
    }

    /// What stands in the brackets behind a name: `metadata[key]=value`.
    pub(super) fn map(&self, name: &str) -> Value {
        let inner = |full: &str| full.strip_prefix(name)?.strip_prefix('[')?.strip_suffix(']').map(str::to_owned);
        self.0.iter().filter_map(|(full, value)| Some((inner(full)?, Value::from(value.as_str())))).collect()
    }

    /// How many entries a list has.
    pub(super) fn entries(&self, name: &str) -> usize {
        (0..).take_while(|i| self.0.keys().any(|full| full.starts_with(&format!("{name}[{i}]")))).count()
    }
}

/// Undoes percent-encoding, with `+` for a space.
fn decoded(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => {
                let digits = [rest.next()?, rest.next()?];
                u8::from_str_radix(std::str::from_utf8(&digits).ok()?, 16).ok()?
            }
            other => other,
        });
    }
    String::from_utf8(bytes).ok()
}
