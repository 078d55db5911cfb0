//! A minimal valid instance of a JSON schema: required members only, the shortest strings and arrays, numbers next to 0.

use serde_json::{Map, Number, Value, json};

/// Deeper than any schema that ends; a required member that contains itself never does.
const MAX_DEPTH: usize = 64;

/// From here on null is preferred among alternatives, so that a list of nodes that may go on ends.
const NULL_FIRST_DEPTH: usize = 4;

/// Keywords whose instances cannot be made by going down the schema.
const UNSUPPORTED: [&str; 9] = [
    "not",
    "if",
    "pattern",
    "contains",
    "dependentRequired",
    "dependentSchemas",
    "propertyNames",
    "$dynamicRef",
    "multipleOf",
];

/// Why there is no instance.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum NoInstance {
    #[error("the keyword '{0}' is not supported by the stand-in")]
    Unsupported(String),
    #[error("no value can satisfy {0}")]
    Impossible(String),
}

/// Makes an instance of `schema`; references are looked up in it too.
///
/// # Errors
/// When the schema has a keyword that is not supported or when nothing satisfies it.
pub(super) fn instance(schema: &Value) -> Result<Value, NoInstance> {
    make(schema, schema, 0)
}

fn make(schema: &Value, root: &Value, depth: usize) -> Result<Value, NoInstance> {
    if depth > MAX_DEPTH {
        return Err(NoInstance::Impossible("a schema that contains itself".to_owned()));
    }
    let schema = match schema {
        Value::Bool(true) => return Ok(Value::Null),
        Value::Object(schema) => schema,
        other => return Err(NoInstance::Impossible(other.to_string())),
    };
    if let Some(value) = schema.get("const") {
        return Ok(value.clone());
    }
    if let Some(values) = schema.get("enum") {
        let first = values.get(0).ok_or_else(|| NoInstance::Impossible("an empty enum".to_owned()))?;
        return Ok(first.clone());
    }
    if let Some(reference) = schema.get("$ref").and_then(Value::as_str) {
        let target = reference.strip_prefix('#').and_then(|pointer| root.pointer(pointer));
        let target = target.ok_or_else(|| NoInstance::Unsupported(format!("$ref {reference}")))?;
        return make(&merged(&without(schema, "$ref"), target)?, root, depth + 1);
    }
    if let Some(parts) = schema.get("allOf").and_then(Value::as_array) {
        let mut whole = Value::Object(without(schema, "allOf"));
        for part in parts {
            let Value::Object(so_far) = &whole else { break };
            whole = merged(so_far, part)?;
        }
        return make(&whole, root, depth + 1);
    }
    for keyword in ["anyOf", "oneOf"] {
        if let Some(branches) = schema.get(keyword).and_then(Value::as_array) {
            let rest = without(schema, keyword);
            let mut failure = NoInstance::Impossible(format!("an empty {keyword}"));
            let mut branches: Vec<_> = branches.iter().collect();
            if depth > NULL_FIRST_DEPTH {
                branches.sort_by_key(|branch| branch.get("type").is_none_or(|kind| kind != "null"));
            }
            for branch in branches {
                match merged(&rest, branch).and_then(|schema| make(&schema, root, depth + 1)) {
                    Ok(value) => return Ok(value),
                    Err(error) => failure = error,
                }
            }
            return Err(failure);
        }
    }
    if let Some(keyword) = UNSUPPORTED.iter().find(|keyword| schema.contains_key(**keyword)) {
        return Err(NoInstance::Unsupported((*keyword).to_owned()));
    }
    match type_of(schema) {
        "object" => object(schema, root, depth),
        "array" => array(schema, root, depth),
        "string" => string(schema),
        "integer" | "number" => number(schema),
        "boolean" => Ok(json!(false)),
        "null" => Ok(Value::Null),
        other => Err(NoInstance::Unsupported(format!("type {other}"))),
    }
}

/// The first type that is not null, or what the other keywords imply.
fn type_of(schema: &Map<String, Value>) -> &str {
    match schema.get("type") {
        Some(Value::String(name)) => name,
        Some(Value::Array(names)) => {
            names.iter().filter_map(Value::as_str).find(|name| *name != "null").unwrap_or("null")
        }
        _ => {
            let any = |keywords: &[&str]| keywords.iter().any(|keyword| schema.contains_key(*keyword));
            if any(&["properties", "required", "additionalProperties"]) {
                "object"
            } else if any(&["items", "prefixItems", "minItems"]) {
                "array"
            } else if any(&["minLength", "maxLength", "format"]) {
                "string"
            } else if any(&["minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum"]) {
                "number"
            } else {
                "null"
            }
        }
    }
}

fn without(schema: &Map<String, Value>, keyword: &str) -> Map<String, Value> {
    let mut rest = schema.clone();
    rest.remove(keyword);
    rest
}

/// Both schemas at once: properties and required names add up, other keywords of `part` win.
fn merged(base: &Map<String, Value>, part: &Value) -> Result<Value, NoInstance> {
    let part = match part {
        Value::Bool(true) => return Ok(Value::Object(base.clone())),
        Value::Object(part) => part,
        other => return Err(NoInstance::Impossible(other.to_string())),
    };
    let mut whole = base.clone();
    for (keyword, value) in part {
        match (whole.get_mut(keyword), value) {
            (Some(Value::Object(all)), Value::Object(more)) if keyword == "properties" => all.extend(more.clone()),
            (Some(Value::Array(all)), Value::Array(more)) if keyword == "required" => {
                all.extend(more.clone());
            }
            _ => {
                whole.insert(keyword.clone(), value.clone());
            }
        }
    }
    Ok(Value::Object(whole))
}

fn object(schema: &Map<String, Value>, root: &Value, depth: usize) -> Result<Value, NoInstance> {
    let anything = Value::Bool(true);
    let properties = schema.get("properties").and_then(Value::as_object);
    let required = schema.get("required").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let mut members = Map::new();
    for name in required.iter().filter_map(Value::as_str) {
        let member = properties.and_then(|properties| properties.get(name)).unwrap_or(&anything);
        members.insert(name.to_owned(), make(member, root, depth + 1)?);
    }
    let least = schema.get("minProperties").and_then(Value::as_u64).unwrap_or(0);
    for (name, member) in properties.into_iter().flatten() {
        if members.len() as u64 >= least {
            break;
        }
        if !members.contains_key(name) {
            members.insert(name.clone(), make(member, root, depth + 1)?);
        }
    }
    if (members.len() as u64) < least {
        return Err(NoInstance::Unsupported("minProperties beyond 'properties'".to_owned()));
    }
    Ok(Value::Object(members))
}

fn array(schema: &Map<String, Value>, root: &Value, depth: usize) -> Result<Value, NoInstance> {
    let length = schema.get("minItems").and_then(Value::as_u64).unwrap_or(0);
    if length > 1 && schema.get("uniqueItems") == Some(&Value::Bool(true)) {
        return Err(NoInstance::Unsupported("uniqueItems".to_owned()));
    }
    if length > 1_000 {
        return Err(NoInstance::Unsupported(format!("minItems {length}")));
    }
    let anything = Value::Bool(true);
    let first = schema.get("prefixItems").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let rest = schema.get("items").unwrap_or(&anything);
    (0..length as usize).map(|index| make(first.get(index).unwrap_or(rest), root, depth + 1)).collect()
}

fn string(schema: &Map<String, Value>) -> Result<Value, NoInstance> {
    let length = schema.get("minLength").and_then(Value::as_u64).unwrap_or(0);
    Ok(match schema.get("format").and_then(Value::as_str) {
        Some("date-time") => json!("2000-01-01T00:00:00Z"),
        Some("date") => json!("2000-01-01"),
        Some("time") => json!("00:00:00Z"),
        Some("duration") => json!("P1D"),
        Some("email") => json!("a@example.com"),
        Some("hostname") => json!("example.com"),
        Some("ipv4") => json!("192.0.2.1"),
        Some("ipv6") => json!("2001:db8::1"),
        Some("uuid") => json!("00000000-0000-4000-8000-000000000000"),
        Some("uri" | "uri-reference") => json!("https://example.com/"),
        Some(other) => return Err(NoInstance::Unsupported(format!("format {other}"))),
        None if length > 100_000 => return Err(NoInstance::Unsupported(format!("minLength {length}"))),
        None => json!("a".repeat(length as usize)),
    })
}

fn number(schema: &Map<String, Value>) -> Result<Value, NoInstance> {
    let bound = |keyword: &str| schema.get(keyword).and_then(Value::as_f64);
    let above = bound("exclusiveMinimum").map(|least| least.floor() + 1.0);
    let below = bound("exclusiveMaximum").map(|most| most.ceil() - 1.0);
    let least = bound("minimum").map(f64::ceil).into_iter().chain(above).fold(f64::NEG_INFINITY, f64::max);
    let most = bound("maximum").map(f64::floor).into_iter().chain(below).fold(f64::INFINITY, f64::min);
    if least > most {
        return Err(NoInstance::Unsupported("a range without an integer".to_owned()));
    }
    // Whole numbers are valid for both types, and read the same in every client.
    let value = 0f64.max(least).min(most);
    Ok(Value::Number(Number::from(value as i64)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_instance_has_what_is_required_and_no_more() {
        let schema = json!({
            "type": "object",
            "properties": {
                "city": {"type": "string", "minLength": 2},
                "unit": {"enum": ["C", "F"]},
                "days": {"type": "integer", "minimum": 3},
                "below": {"type": "number", "exclusiveMaximum": 0},
                "note": {"type": ["null", "string"]},
                "when": {"type": "string", "format": "date"},
                "tags": {"type": "array", "minItems": 2, "items": {"const": "x"}},
                "extra": {"type": "string"}
            },
            "required": ["city", "unit", "days", "below", "note", "when", "tags"]
        });
        let expected = json!({
            "city": "aa", "unit": "C", "days": 3, "below": -1, "note": "", "when": "2000-01-01", "tags": ["x", "x"]
        });
        assert_eq!(instance(&schema), Ok(expected));
    }

    #[test]
    fn references_and_combinations_are_followed() {
        let schema = json!({
            "$defs": {
                "name": {"type": "string", "minLength": 1},
                "node": {
                    "type": "object",
                    "properties": {"next": {"anyOf": [{"$ref": "#/$defs/node"}, {"type": "null"}]}},
                    "required": ["next"]
                }
            },
            "allOf": [
                {"properties": {"name": {"$ref": "#/$defs/name"}}, "required": ["name"]},
                {"properties": {"kind": {"oneOf": [{"const": 1}, {"const": 2}]}}, "required": ["kind"]}
            ]
        });
        assert_eq!(instance(&schema), Ok(json!({"name": "a", "kind": 1})));
    }

    #[test]
    fn what_cannot_be_made_is_refused() {
        let endless = json!({
            "type": "object", "properties": {"self": {"$ref": "#"}}, "required": ["self"]
        });
        assert!(matches!(instance(&endless), Err(NoInstance::Impossible(_))));
        let pattern = json!({"type": "string", "pattern": "^[a-z]+$"});
        assert_eq!(instance(&pattern), Err(NoInstance::Unsupported("pattern".to_owned())));
    }
}
