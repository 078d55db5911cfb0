//! Members that stand twice in one object of a JSON text. Parsers disagree on which of the two counts, so whoever checks
//! one and passes on both has checked nothing.

use std::borrow::Cow;

use memchr::memchr2;

/// The name of a member that an object of `json` has twice, in whatever depth. `json` has been parsed before; what is
/// none gives any answer.
///
/// One pass over the bytes, which jumps from quote to quote and compares names only.
#[must_use]
pub fn repeated_member(json: &str) -> Option<Cow<'_, str>> {
    let bytes = json.as_bytes();
    // The names of all objects that are open, the innermost last, and where each object's begin; an array has none.
    let mut names: Vec<&str> = Vec::with_capacity(64);
    let mut open: Vec<(bool, usize)> = Vec::with_capacity(16);
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        at += 1;
        match byte {
            b'{' | b'[' => open.push((byte == b'{', names.len())),
            b'}' | b']' => {
                let (_, begin) = open.pop()?;
                if let Some(repeated) = repeated_in(&mut names[begin..]) {
                    return Some(repeated);
                }
                names.truncate(begin);
            }
            b'"' => {
                let begin = at;
                at = end_of_string(bytes, at)?;
                let follows = bytes[at + 1..].iter().find(|byte| !byte.is_ascii_whitespace());
                if follows == Some(&b':') && open.last().is_some_and(|(is_object, _)| *is_object) {
                    names.push(&json[begin..at]);
                }
                at += 1;
            }
            _ => {}
        }
    }
    None
}

/// Where the string that begins at `at`, behind its quote, has its last quote.
fn end_of_string(bytes: &[u8], mut at: usize) -> Option<usize> {
    loop {
        at += memchr2(b'"', b'\\', bytes.get(at..)?)?;
        if bytes[at] == b'"' {
            return Some(at);
        }
        at += 2;
    }
}

/// A name that is in `names` twice. Sorted where they are many, so that nobody pays for a body of nothing but names.
fn repeated_in<'a>(names: &mut [&'a str]) -> Option<Cow<'a, str>> {
    const FEW: usize = 12;
    if names.iter().any(|name| name.contains('\\')) {
        let mut plain: Vec<Cow<'a, str>> = names.iter().map(|name| unescaped(name)).collect();
        plain.sort_unstable();
        return plain.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0].clone());
    }
    if names.len() <= FEW {
        let twice = (1..names.len()).find(|&at| names[..at].contains(&names[at]))?;
        return Some(Cow::Borrowed(names[twice]));
    }
    names.sort_unstable();
    names.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| Cow::Borrowed(pair[0]))
}

/// A name as a parser reads it.
fn unescaped(name: &str) -> Cow<'_, str> {
    if !name.contains('\\') {
        return Cow::Borrowed(name);
    }
    serde_json::from_str::<String>(&format!("\"{name}\"")).map_or(Cow::Borrowed(name), Cow::Owned)
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_member_that_stands_twice_is_found_in_any_depth_and_however_it_is_written() {
        for (json, name) in [
            (r#"{"a":1,"b":2,"a":3}"#, "a"),
            (r#"{"a":1 , "\u0061" : 2}"#, "a"),
            (r#"{"x":[{"a":{"b":1,"c":"}{","b":2}}]}"#, "b"),
            (r#"[[{"é":1,"é":2}]]"#, "é"),
            (r#"{"a\"b":1,"a\"b":2}"#, "a\"b"),
            (r#"{"":1,"":2}"#, ""),
        ] {
            assert_eq!(repeated_member(json).as_deref(), Some(name), "{json}");
        }
        for json in [
            r#"{"a":{"a":{"a":1}},"b":{"a":2}}"#,
            r#"[{"a":1},{"a":1}]"#,
            r#"{"a":"a","b":"b","c":["a","a","b:"]}"#,
            r#"{"a":"\"a\":1,\"a\":2","b":"\\"}"#,
            r#"{"a":"x\\","b":"\\\\","c":1}"#,
            "\"a\"",
            "",
            "{\"a",
            "]]",
        ] {
            assert_eq!(repeated_member(json), None, "{json}");
        }
        let many = |last: &str| {
            let names: Vec<String> = (0..50_000).map(|number| format!("\"n{number}\":1")).collect();
            format!("{{{},\"{last}\":1}}", names.join(","))
        };
        assert_eq!(repeated_member(&many("n0")).as_deref(), Some("n0"));
        assert_eq!(repeated_member(&many("m")), None);
    }

    proptest! {
        #[test]
        fn it_says_what_a_parser_would_find(names in proptest::collection::vec("[a-c\\\\\"é]{0,2}", 0..30)) {
            let members: Vec<String> = names.iter().map(|name| format!("{}:[{{}}]", serde_json::json!(name))).collect();
            let distinct = names.iter().collect::<HashSet<_>>().len() == names.len();
            prop_assert_eq!(repeated_member(&format!("{{{}}}", members.join(" , "))).is_none(), distinct);
        }

        #[test]
        fn no_text_makes_it_panic(text in "[\\[\\]{}\":,\\\\a\\PC]{0,60}") {
            let _ = repeated_member(&text);
        }
    }
}
