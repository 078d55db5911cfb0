//! Lists as CSV (RFC 4180), for spreadsheets. Numbers stay as the database wrote them: an amount never passes through a float.

use serde_json::value::RawValue;

use super::answer::malformed;
use crate::error::{Code, Error, Result};
use crate::object::Object;

/// What a spreadsheet is told the answer is.
pub const TYPE: &str = "text/csv; charset=utf-8";

/// One line for each row with its members of these names, below a line of the names if `with_head`.
///
/// # Errors
/// `internal_error` when a row is no object.
pub fn lines(columns: &[&'static str], rows: &[Box<RawValue>], with_head: bool) -> Result<Vec<u8>> {
    let mut sheet = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    if with_head {
        sheet.write_record(columns).map_err(internal)?;
    }
    for row in rows {
        let row: Object<'_> = serde_json::from_str(row.get()).map_err(|error| malformed(&error))?;
        let fields = columns.iter().map(|column| field(row.get(column).unwrap_or("null")));
        let fields: Vec<String> = fields.collect::<serde_json::Result<_>>().map_err(|error| malformed(&error))?;
        sheet.write_record(fields).map_err(internal)?;
    }
    sheet.into_inner().map_err(internal)
}

/// A JSON value as a field. A text that a spreadsheet would take for a formula (OWASP, CSV injection) begins with an apostrophe.
fn field(json: &str) -> serde_json::Result<String> {
    if json == "null" {
        return Ok(String::new());
    }
    if !json.starts_with('"') {
        return Ok(json.to_owned());
    }
    let text: String = serde_json::from_str(json)?;
    Ok(if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text })
}

/// Into memory, and with as many fields on each line, nothing fails to be written.
fn internal<E>(_: E) -> Error {
    Error::new(Code::InternalError)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_are_quoted_where_they_must_be_and_formulas_are_not_run() {
        let row = |json: &str| RawValue::from_string(json.to_owned()).expect("JSON");
        let rows = [
            row(r#"{"cost":0.000000001,"app":"a,\"b\"\nc","model":"m","stream":true,"more":1}"#),
            row(r#"{"app":"=HYPERLINK(1)","cost":12,"model":null}"#),
        ];
        let text = lines(&["model", "app", "cost", "stream"], &rows, true).expect("lines");
        let expected = "model,app,cost,stream\r\nm,\"a,\"\"b\"\"\nc\",0.000000001,true\r\n,'=HYPERLINK(1),12,\r\n";
        assert_eq!(String::from_utf8(text).expect("text"), expected);
    }
}
