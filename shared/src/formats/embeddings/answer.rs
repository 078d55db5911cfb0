//! What is read of embeddings: the tokens of the inputs. They have no others.

use crate::credits::usage::Usage;
use crate::formats::openai::usage::figure;
use crate::formats::whole::Shape;
use crate::formats::{Bill, Report};
use crate::object::Object;

/// The inside of embeddings.
pub struct Embeddings;

impl Shape for Embeddings {
    const MEMBER: &'static str = "data";

    fn report(&self, answer: &Object<'_>) -> Option<Report> {
        let usage: Object<'_> = answer.read("usage").ok().flatten()?;
        // Some say the total only; there is nothing else in it.
        let prompt = figure(&usage, &["prompt_tokens", "input_tokens", "total_tokens"])?;
        (prompt > 0).then_some(Report::of(Usage { prompt, ..Usage::default() }))
    }

    fn shown(&self, answer: &Object<'_>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>> {
        let mut shown = Object::default();
        if let Some(reported) = answer.read::<Object<'_>>("usage").ok().flatten().filter(|_| !bill.estimated) {
            shown.supersede(reported);
        }
        shown.set("prompt_tokens", &bill.usage.prompt)?;
        shown.set("total_tokens", &bill.usage.prompt)?;
        if bill.estimated {
            shown.set("estimated", &true)?;
        }
        Ok(shown)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;

    use super::*;
    use crate::formats::whole::WholeAnswer;
    use crate::formats::{Answer as _, Broken, Progress, Target};
    use crate::money::Nanos;
    use crate::providers::table::PROVIDERS;

    fn answer() -> WholeAnswer<Embeddings> {
        WholeAnswer::of(&Target::of(&PROVIDERS[0]), Embeddings)
    }

    fn bill(estimated: bool) -> Bill<'static> {
        let usage = Usage { prompt: 8, ..Usage::default() };
        Bill { estimated, cost: Nanos(160), provider: "openrouter", ..Bill::of(usage) }
    }

    #[test]
    fn vectors_pass_to_the_letter_and_the_usage_gains_its_cost() {
        let body = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10,-1e-3]},{"embedding":"AAAA"}],"model":"up","usage":{"prompt_tokens":8,"total_tokens":8,"cost":1.0,"x":1.0}}"#;
        let mut answer = answer();
        answer.whole(Bytes::from(body), None).expect("embeddings");
        assert_eq!(answer.progress(), Progress::Done);
        assert_eq!(answer.report().map(|report| report.usage.prompt), Some(8));
        let expected = r#"{"object":"list","data":[{"object":"embedding","index":0,"embedding":[0.10,-1e-3]},{"embedding":"AAAA"}],"model":"a/b","usage":{"prompt_tokens":8,"total_tokens":8,"x":1.0,"cost":0.00000016},"provider":"openrouter","gateway":{"provider":"openrouter","upstream_model":"up","request_id":"r"}}"#;
        let plain = answer.plain(&bill(false)).expect("json");
        assert_eq!(str::from_utf8(&plain).expect("utf-8").len(), expected.len());
        for part in ["[0.10,-1e-3]", "\"AAAA\"", r#""model":"a/b""#, r#""x":1.0"#, r#""cost":0.00000016"#] {
            assert!(str::from_utf8(&plain).expect("utf-8").contains(part), "{part}");
        }
    }

    #[test]
    fn who_reports_the_total_only_has_reported_the_inputs() {
        for (usage, tokens) in [
            (r#"{"prompt_tokens":8,"total_tokens":8}"#, Some(8)),
            (r#"{"prompt_tokens":0,"total_tokens":8}"#, Some(8)),
            (r#"{"total_tokens":8}"#, Some(8)),
            (r#"{"input_tokens":8}"#, Some(8)),
            (r#"{"total_tokens":0}"#, None),
            ("null", None),
            ("7", None),
        ] {
            let mut answer = answer();
            answer.whole(Bytes::from(format!(r#"{{"data":[],"usage":{usage}}}"#)), None).expect("embeddings");
            assert_eq!(answer.report().map(|report| report.usage.prompt), tokens, "{usage}");
        }
    }

    #[test]
    fn what_is_no_answer_is_none() {
        for body in ["", "{}", "[]", r#"{"data":{}}"#, r#"{"data":null}"#, "<html>"] {
            assert_eq!(answer().whole(Bytes::from(body), None), Err(Broken::Garbled), "{body}");
        }
        let error = answer().whole(Bytes::from(r#"{"error":{"message":"x","code":429}}"#), None);
        assert!(matches!(error, Err(Broken::Error(Some(429), _))), "{error:?}");
        assert_eq!(answer().push(Bytes::from("data: {}\n\n"), &mut Vec::new()), Err(Broken::Garbled));
    }
}
