//! The response as it comes in: events of a stream, or one body.

use bytes::Bytes;
use serde_json::{Map, Value, json};

use super::events::{Events, error_of, failure_of, for_clients, hide_thoughts, written};
use crate::error::Error;
use crate::formats::events::{EventStream, event_of, named_event};
use crate::formats::openai::body::GatewayNote;
use crate::formats::responses::head::Own;
use crate::formats::responses::over_chat::said;
use crate::formats::responses::{items, kept, usage, wire};
use crate::formats::{Answer, Bill, Broken, Ending, Progress, Report, StoredAnswer, Written};
use crate::object::Object;

/// A provider's response.
pub struct ResponseAnswer {
    stream: EventStream,
    events: Events,
    whole: Option<Map<String, Value>>,
    own: Own,
}

impl ResponseAnswer {
    /// Of a call of whose answer this is ours to say.
    pub fn new(own: Own) -> Self {
        Self { stream: EventStream::default(), events: Events::new(own.clone()), whole: None, own }
    }

    fn ended(&self) -> Option<&Map<String, Value>> {
        self.whole.as_ref().or_else(|| self.events.ended())
    }

    fn reported(&self) -> Option<&Value> {
        self.ended()?.get("usage").filter(|usage| usage.is_object())
    }

    /// The response as it ended, as the client gets it, with its bill.
    fn billed(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Option<Vec<u8>>> {
        let shown = |response: &Map<String, Value>| {
            let mut response = response.clone();
            let items = response.get_mut("output").and_then(Value::as_array_mut);
            for item in items.into_iter().flatten().filter(|_| self.own.hides_thoughts) {
                hide_thoughts(item);
            }
            self.with_bill(response, bill)
        };
        self.ended().map(shown).transpose()
    }

    fn with_bill(&self, response: Map<String, Value>, bill: Option<&Bill<'_>>) -> serde_json::Result<Vec<u8>> {
        let text = Value::Object(response).to_string();
        let mut response: Object<'_> = serde_json::from_str(&text)?;
        if let Some(bill) = bill {
            response.set("usage", &usage::billed(self.reported(), bill)?)?;
            response.set("gateway", &GatewayNote::of(bill))?;
        }
        serde_json::to_vec(&response)
    }
}

impl Answer for ResponseAnswer {
    fn push(&mut self, frame: Bytes, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.stream.push(frame, &mut self.events, out)
    }

    fn end(&mut self, out: &mut Vec<Bytes>) -> Result<(), Broken> {
        self.stream.end(&mut self.events, out)
    }

    fn whole(&mut self, body: Bytes, out: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let body: Value = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        let is_set = |name: &str| body.get(name).is_some_and(|value| !value.is_null());
        // Some fail with a status of success.
        if body.get("status").is_some_and(|status| status == "failed" || status == "cancelled") {
            return Err(failure_of(&body));
        }
        if is_set("error") {
            return Err(error_of(&body));
        }
        let mut response = match body {
            Value::Object(response) if response.get("output").is_some_and(Value::is_array) => response,
            _ => return Err(Broken::Garbled),
        };
        if let Some(out) = out {
            let events: Bytes = items::events_of(response).iter().flat_map(event_of).collect();
            return self.push(events, out);
        }
        for_clients(&mut response);
        self.own.put(&mut response);
        self.whole = Some(response);
        Ok(())
    }

    fn progress(&self) -> Progress {
        if self.whole.is_some() { Progress::Done } else { self.events.progress() }
    }

    fn report(&self) -> Option<Report> {
        self.reported().and_then(usage::read).map(Report::of)
    }

    fn written(&self) -> Written {
        let Some(whole) = &self.whole else { return self.events.written() };
        let mut all = Written::default();
        let items = whole.get("output").and_then(Value::as_array);
        items.into_iter().flatten().for_each(|item| written(item, false, &mut all));
        all
    }

    fn said(&self) -> Option<Map<String, Value>> {
        let whole = self.ended().and_then(|response| response.get("output")?.as_array().cloned());
        said(&whole.unwrap_or_else(|| self.events.so_far()))
    }

    fn stored(&self, bill: Option<&Bill<'_>>, ending: Ending) -> Option<StoredAnswer> {
        let response = match (ending, self.ended()) {
            (Ending::Complete, ended) => ended?.clone(),
            _ if self.events.begun().is_empty() => return None,
            _ => kept::broken_off(self.events.begun().clone(), self.events.so_far(), ending),
        };
        kept::apart(&self.with_bill(response, bill).ok()?)
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        self.billed(Some(bill)).ok().flatten().map(Bytes::from).ok_or(Broken::Garbled)
    }

    fn close(&self, bill: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        let Some(response) = self.billed(bill)? else { return Ok(Bytes::new()) };
        let response: Object<'_> = serde_json::from_slice(&response)?;
        let status: String = response.read("status")?.unwrap_or_default();
        let mut event = Object::default();
        let kind = wire::last_event(&status);
        event.set("type", kind)?;
        event.set("sequence_number", &self.events.next_number())?;
        event.set("response", &response)?;
        named_event(kind, &event)
    }

    /// Every stream of a response ends with its usage.
    fn wants_bill(&self) -> bool {
        true
    }

    fn fail(&self, error: &Error) -> Bytes {
        let mut response = self.events.begun().clone();
        response.insert("status".to_owned(), json!("failed"));
        response.insert("error".to_owned(), wire::failure(error));
        let members = json!({ "response": response });
        event_of(&items::numbered("response.failed", self.events.next_number(), members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credits::usage::Usage;
    use crate::money::Nanos;

    fn bill() -> Bill<'static> {
        let usage = Usage { prompt: 3, completion: 4, ..Usage::default() };
        Bill { cost: Nanos(1500), provider: "openrouter", ..Bill::of(usage) }
    }

    fn response() -> Value {
        json!({"id": "resp_1", "object": "response", "created_at": 5, "status": "completed", "model": "up",
            "max_output_tokens": 900, "error": null, "incomplete_details": null,
            "output": [
                {"type": "reasoning", "id": "rs_1", "summary": [{"type": "summary_text", "text": "hm"}]},
                {"type": "message", "id": "msg_1", "role": "assistant", "status": "completed", "content": [
                    {"type": "output_text", "text": "hi", "annotations": [], "logprobs": []},
                    {"type": "refusal", "refusal": "no"}]},
                {"type": "function_call", "id": "fc_1", "call_id": "c", "name": "f", "arguments": "{}", "status": "completed"},
                {"type": "custom_tool_call", "id": "ctc_1", "call_id": "d", "name": "g", "input": "ls", "status": "completed"}],
            "usage": {"input_tokens": 3, "input_tokens_details": {"cached_tokens": 0}, "output_tokens": 4,
                "output_tokens_details": {"reasoning_tokens": 0}, "total_tokens": 7}})
    }

    fn answer() -> ResponseAnswer {
        ResponseAnswer::new(Own { model: "a/b".to_owned(), id: "resp_1".to_owned(), ..Own::default() })
    }

    fn stream() -> Bytes {
        let Value::Object(members) = response() else { panic!("an object") };
        items::events_of(members).iter().flat_map(event_of).collect()
    }

    fn events(text: &[u8]) -> Vec<Value> {
        let text = str::from_utf8(text).expect("utf-8");
        let data = text.lines().filter_map(|line| line.strip_prefix("data: "));
        data.map(|data| serde_json::from_str(data).expect("json")).collect()
    }

    #[test]
    fn a_plain_response_gains_its_cost_and_a_streamed_one_is_the_same() {
        let mut expected = response();
        expected["model"] = json!("a/b");
        expected["max_output_tokens"] = Value::Null;
        expected["store"] = json!(false);
        expected["previous_response_id"] = Value::Null;
        expected["usage"]["cost"] = json!(0.000_001_5);
        expected["gateway"] = json!({"provider": "openrouter", "upstream_model": "up", "request_id": "r"});
        let (mut whole, mut streamed) = (answer(), answer());
        whole.whole(response().to_string().into(), None).expect("a response");
        streamed.push(stream(), &mut Vec::new()).expect("well-formed");
        for answer in [whole, streamed] {
            // Names come behind the pieces of their calls, or before.
            let Written { text, is_all } = answer.written();
            let mut letters: Vec<char> = text.chars().collect();
            letters.sort_unstable();
            assert_eq!((String::from_iter(letters).as_str(), is_all), ("fghhilmnos{}", true), "{text}");
            assert_eq!(answer.progress(), Progress::Done);
            assert_eq!(answer.report(), Some(Report::of(bill().usage)));
            let plain = answer.plain(&bill()).expect("a response");
            assert_eq!(serde_json::from_slice::<Value>(&plain).expect("json"), expected);
        }
    }

    #[test]
    fn a_stream_is_numbered_to_its_end_and_has_the_catalogs_name() {
        let (mut answer, mut out) = (answer(), Vec::new());
        answer.push(stream(), &mut out).expect("well-formed");
        out.push(answer.close(Some(&bill())).expect("json"));
        let events = events(&out.concat());
        let numbers: Vec<u64> = events.iter().filter_map(|event| event["sequence_number"].as_u64()).collect();
        assert_eq!(numbers, (0..events.len() as u64).collect::<Vec<_>>());
        for event in [&events[0], &events[1], &events[events.len() - 1]] {
            assert_eq!(event["response"]["model"], "a/b");
        }
        let last = &events[events.len() - 1];
        assert_eq!(
            (&last["type"], &last["response"]["usage"]["cost"]),
            (&json!("response.completed"), &json!(0.000_001_5))
        );
    }

    #[test]
    fn a_response_that_says_at_its_end_only_that_it_is_one_has_its_items() {
        let text = String::from_utf8(stream().to_vec()).expect("utf-8");
        let mut all = events(text.as_bytes());
        let last = all.last_mut().expect("an end");
        last["response"]["output"] = json!([]);
        let mut answer = answer();
        answer.push(all.iter().flat_map(event_of).collect(), &mut Vec::new()).expect("well-formed");
        let plain: Value = serde_json::from_slice(&answer.plain(&bill()).expect("a response")).expect("json");
        assert_eq!(plain["output"], response()["output"]);
    }

    #[test]
    fn what_is_not_a_response_is_not_taken_for_one() {
        for body in ["", "<html>", "[]", "{}", r#"{"output":null}"#] {
            assert_eq!(answer().whole(Bytes::from(body), None), Err(Broken::Garbled), "{body}");
        }
        for (body, status) in [
            (r#"{"status":"failed","output":[],"error":{"code":"rate_limit_exceeded","message":"x"}}"#, Some(429)),
            (r#"{"error":{"code":"server_error","message":"x"}}"#, Some(500)),
            (r#"{"error":{"code":502,"message":"x"}}"#, Some(502)),
        ] {
            let read = answer().whole(body.into(), None);
            assert!(matches!(&read, Err(Broken::Error(code, _)) if *code == status), "{body}: {read:?}");
        }
        for (event, status) in [
            (json!({"type": "error", "code": "rate_limit_exceeded", "message": "x", "param": null}), Some(429)),
            (json!({"type": "response.failed", "response": {"error": {"code": "server_error"}}}), Some(500)),
            (json!({"type": "error", "error": {"code": 503, "message": "x"}}), Some(503)),
        ] {
            let read = answer().push(event_of(&event), &mut Vec::new());
            assert!(matches!(&read, Err(Broken::Error(code, _)) if *code == status), "{event}: {read:?}");
        }
    }

    #[test]
    fn a_failure_ends_the_response_that_has_begun() {
        let text = String::from_utf8(stream().to_vec()).expect("utf-8");
        let cut = text.find("event: response.output_item.done").expect("an item");
        let mut answer = answer();
        answer.push(Bytes::from(text[..cut].to_owned()), &mut Vec::new()).expect("well-formed");
        let failed = &events(&answer.fail(&Error::new(crate::error::Code::UpstreamError)))[0];
        assert_eq!((&failed["type"], &failed["response"]["id"]), (&json!("response.failed"), &json!("resp_1")));
        assert_eq!(failed["sequence_number"].as_u64(), Some(events(&text.as_bytes()[..cut]).len() as u64));
    }

    #[test]
    fn a_stream_that_is_cut_anywhere_before_its_end_is_no_response() {
        let stream = stream();
        for end in 0..stream.len() - 2 {
            let mut answer = answer();
            let mut out = Vec::new();
            let read = answer.push(stream.slice(..end), &mut out).and_then(|()| answer.end(&mut out));
            let is_complete = read.is_ok() && answer.progress() >= Progress::Complete;
            // What is cut within the last event is broken.
            assert!(!is_complete, "cut at {end}");
            assert!(!String::from_utf8_lossy(&out.concat()).contains("response.completed"), "cut at {end}");
        }
    }
}
