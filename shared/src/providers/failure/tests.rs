//! What a failure of a provider says of it, and to the caller.

use super::*;

fn refused(status: u16, body: &str) -> Failure {
    refused_with(&Credential::Ours(0), status, &[], body)
}

fn refused_with(credential: &Credential, status: u16, headers: &[(&'static str, &str)], body: &str) -> Failure {
    let status = StatusCode::from_u16(status).expect("a status");
    let headers = headers.iter().map(|(name, value)| {
        (http::HeaderName::from_static(name), http::HeaderValue::from_str(value).expect("a value"))
    });
    Failure::refused(&Refusal {
        provider: "chutes",
        credential,
        status,
        headers: &headers.collect(),
        body: body.as_bytes(),
        hidden: vec!["upstream-secret"],
    })
}

#[test]
fn a_refused_key_of_the_callers_own_is_told_to_the_caller_and_the_next_is_asked() {
    let own = Credential::Own("k".to_owned());
    for (status, told, body) in [
        (401, 401, ""),
        (402, 402, ""),
        (403, 403, ""),
        (429, 402, r#"{"error":{"type":"insufficient_quota"}}"#),
        (400, 402, r#"{"error":{"message":"Your credit balance is too low to access the API."}}"#),
    ] {
        let failure = refused_with(&own, status, &[], body);
        assert_eq!((failure.error.code, failure.error.http_status().as_u16()), (Code::ProviderKeyRejected, told));
        assert!(failure.fall_back && failure.against == Against::Nothing);
        let says_so = failure.error.message.contains("no credit left");
        assert_eq!(says_so, told == 402, "{body}");
    }
    assert!(refused_with(&own, 500, &[], "").fall_back);
}

#[test]
fn what_another_provider_may_do_better_falls_back() {
    for status in [301, 308, 401, 402, 403, 404, 408, 409, 424, 429, 498, 499, 500, 502, 503, 520, 529, 599] {
        assert!(refused(status, "").fall_back, "{status}");
    }
    for status in [400, 413, 422, 451] {
        assert!(!refused(status, "").fall_back, "{status}");
    }
    for status in 100..=999 {
        let failure = refused(status, "");
        let told = failure.error.http_status().as_u16();
        assert!((400..=599).contains(&told), "{status} is told as {told}");
        assert_eq!(failure.fall_back, failure.against != Against::Nothing || status == 404, "{status}");
    }
}

#[test]
fn what_the_caller_has_caused_is_theirs_in_the_providers_words_and_counts_against_nobody() {
    let flagged = r#"{"error":{"message":"Your input was flagged","code":403,"metadata":{"reasons":["violence"]}}}"#;
    for (status, body, message) in [
        (403, flagged, "Your input was flagged"),
        (400, r#"{"error":{"message":"too hot (key upstream-secret)","param":"temperature"}}"#, "too hot (key […]"),
        (413, r#"{"message":"too large"}"#, "too large"),
        (422, r#"{"detail":[{"loc":["body","n"],"msg":"too many"}]}"#, "too many"),
        (
            404,
            r#"{"error":{"message":"No endpoints found that support tool use"}}"#,
            "No endpoints found that support tool use",
        ),
        (400, "<html>", "The provider refused the request."),
    ] {
        let failure = refused(status, body);
        let error = &failure.error;
        assert_eq!((error.http_status().as_u16(), error.message.as_ref()), (status, message), "{body}");
        assert_eq!((error.code, error.details["provider"].as_str()), (Code::UpstreamRejected, Some("chutes")));
        assert_eq!((failure.fall_back, failure.against), (status == 404, Against::Nothing), "{body}");
    }
    assert_eq!(refused(422, r#"{"detail":[{"loc":["body","n"],"msg":"x"}]}"#).error.param.as_deref(), Some("n"));
}

#[test]
fn what_would_befall_anyone_counts_and_our_account_is_not_spoken_of() {
    let unknown = r#"{"error":{"message":"The model `m` does not exist","code":"model_not_found"}}"#;
    for status in [400, 404] {
        let failure = refused(status, unknown);
        assert!(failure.fall_back && failure.against == Against::Route);
        assert_eq!(failure.error.http_status(), 404);
    }
    let poor =
        r#"{"error":{"message":"This request requires more credits. You can only afford 3 tokens.","code":402}}"#;
    for status in [400, 402, 403, 429] {
        let failure = refused(status, poor);
        // A dear call may not shut the provider for the cheap ones of others.
        assert_eq!((failure.fall_back, failure.against), (true, Against::Route), "{status}");
        assert_eq!(failure.error.http_status(), 503, "{status}");
        let told = failure.error.to_object().to_string();
        assert!(!told.contains("credit") && !told.contains("afford"), "{told}");
        assert!(failure.said.is_some_and(|said| said.contains("afford")), "the log has it");
    }
}

#[test]
fn an_account_of_ours_that_is_empty_or_unknown_counts_against_the_provider_at_every_model() {
    for (status, body) in [
        (401, ""),
        (402, ""),
        (402, r#"{"error":{"message":"Insufficient credits. Add more using https://x.example/credits","code":402}}"#),
        (
            429,
            r#"{"error":{"message":"You exceeded your current quota, please check your plan and billing details.","type":"insufficient_quota","code":"insufficient_quota"}}"#,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing."}}"#,
        ),
        (
            400,
            r#"{"type":"error","error":{"type":"invalid_request_error","message":"You have reached your specified API usage limits. You will regain access on 2027-01-01."}}"#,
        ),
        (403, r#"{"error":{"message":"Key limit exceeded (total limit). Manage it.","code":403}}"#),
        (412, r#"{"error":{"message":"Account suspended: monthly spending limit reached"}}"#),
    ] {
        let failure = refused(status, body);
        assert_eq!((failure.fall_back, failure.against), (true, Against::Account), "{status} {body}");
        assert_eq!((failure.error.code, failure.error.http_status().as_u16()), (Code::UpstreamUnavailable, 503));
        let told = failure.error.to_object().to_string().to_lowercase();
        assert!(["credit", "quota", "account", "limit"].iter().all(|word| !told.contains(word)), "{told}");
    }
    assert_eq!(refused(403, "").against, Against::Route, "a model may be forbidden by itself");
    // What is refused to whom an aggregator asked is not refused to us.
    let behind = r#"{"error":{"message":"Provider returned error","code":429,"metadata":{"raw":"{\"error\":{\"message\":\"You exceeded your current quota\",\"code\":429}}"}}}"#;
    let failure = refused(429, behind);
    assert_eq!((failure.error.code, failure.against), (Code::UpstreamRateLimited, Against::Route));
}

#[test]
fn a_prompt_that_is_too_long_has_one_code() {
    let long = r#"{"error":{"message":"prompt is too long: 210000 tokens > 200000 maximum"}}"#;
    for status in [400, 413, 422] {
        let failure = refused(status, long);
        assert_eq!(failure.error.code, Code::ContextLengthExceeded, "{status}");
        assert_eq!(failure.error.message, "prompt is too long: 210000 tokens > 200000 maximum");
        assert!(!failure.fall_back && failure.against == Against::Nothing);
    }
    assert_eq!(refused(429, r#"{"error":{"message":"prompt is too long"}}"#).error.code, Code::UpstreamRateLimited);
}

#[test]
fn an_overload_that_says_until_when_is_told_so() {
    let told = |status, headers: &[(&'static str, &str)]| {
        let error = refused_with(&Credential::Ours(0), status, headers, "").error;
        (error.http_status().as_u16(), error.retry_after)
    };
    for status in [503, 529] {
        assert_eq!(told(status, &[("retry-after", "7")]), (503, Some(Duration::from_secs(7))));
        assert_eq!(told(status, &[]), (502, None));
    }
    assert_eq!(told(429, &[("retry-after-ms", "1500")]), (429, Some(Duration::from_millis(1500))));
    assert_eq!(told(503, &[("retry-after", "Sun, 06 Nov 1994 08:49:37 GMT")]), (503, Some(Duration::ZERO)));
    assert_eq!(told(503, &[("retry-after", "soon")]), (502, None));
    let hour = (503, Some(Duration::from_secs(3600)));
    assert_eq!(told(503, &[("retry-after", "86400")]), hour, "nobody is sent away for a day by what one provider says");
}
