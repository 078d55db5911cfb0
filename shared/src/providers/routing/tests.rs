use super::*;
use crate::config::Config;
use crate::providers::table::PROVIDERS;

fn read(provider: &str) -> Result<Routing, Error> {
    let request = format!(r#"{{"provider":{provider}}}"#);
    Routing::read(&serde_json::from_str(&request).expect("an object"), None, Rows::TABLE)
}

#[test]
fn a_provider_can_be_pinned_wished_for_or_ignored() {
    assert_eq!(pinned("chutes:deepseek/r1:free", Rows::TABLE), (Some("chutes"), "deepseek/r1:free"));
    assert_eq!(pinned("deepseek/r1:free", Rows::TABLE), (None, "deepseek/r1:free"));
    assert_eq!(pinned("chutes:deepseek/r1:free:floor", Rows::TABLE), (Some("chutes"), "deepseek/r1:free"));
    assert_eq!(pinned("deepseek/r1:nitro", Rows::TABLE), (None, "deepseek/r1"));
    let routing = read(r#"{"order":["Chutes","chutes"],"ignore":["portkey"],"allow_fallbacks":false}"#).expect("valid");
    assert_eq!((routing.order, routing.fallbacks), (vec!["chutes"], false));
    assert!(!routing.allowed.contains(&"portkey") && routing.allowed.contains(&"openrouter"));
}

#[test]
fn a_request_without_wishes_lets_all_and_one_that_leaves_out_another_does_not() {
    let own = r#"[{"name":"acme","base_url":"https://acme.example"}]"#;
    let rows = Config::from_lookup(|name| (name == "PROVIDERS_JSON").then(|| own.to_owned())).rows;
    for (wishes, allowed) in [
        ("{}", None),
        (r#"{"order":["acme"]}"#, None),
        (r#"{"only":["acme"]}"#, Some(1)),
        (r#"{"ignore":["acme"]}"#, Some(PROVIDERS.len())),
    ] {
        let request = format!(r#"{{"provider":{wishes}}}"#);
        let routing = Routing::read(&serde_json::from_str(&request).expect("an object"), None, rows).expect("valid");
        assert_eq!(routing.allowed_unless_all().map(<[_]>::len), allowed, "{wishes}");
    }
    assert_eq!(pinned("acme:a/b", rows), (Some("acme"), "a/b"));
    assert_eq!(pinned("acme:a/b", Rows::TABLE), (None, "acme:a/b"));
}

#[test]
fn nobody_is_asked_whom_a_required_parameter_does_not_reach() {
    let allowed = |seed: &str, required: bool| {
        let request = format!(r#"{{"seed":{seed},"provider":{{"require_parameters":{required}}}}}"#);
        Routing::read(&serde_json::from_str(&request).expect("an object"), None, Rows::TABLE).expect("valid").allowed
    };
    assert!(!allowed("1", true).contains(&"anthropic") && allowed("1", true).contains(&"openai"));
    assert!(allowed("1", false).contains(&"anthropic") && allowed("null", true).contains(&"anthropic"));
}

#[test]
fn a_sort_is_a_name_or_an_object_or_the_models_ending() {
    for (request, sort) in [
        (r#"{"provider":{"sort":"latency"}}"#, Some(Sort::Latency)),
        (r#"{"provider":{"sort":{"by":"throughput","partition":"none"}}}"#, Some(Sort::Throughput)),
        (r#"{"model":"a/b:nitro"}"#, Some(Sort::Throughput)),
        (r#"{"model":"a/b:floor"}"#, Some(Sort::Price)),
        (r#"{"model":"a/b:nitro","provider":{"sort":"price"}}"#, Some(Sort::Price)),
        (r#"{"model":"a/b:free","provider":{"sort":null}}"#, None),
    ] {
        let read = Routing::read(&serde_json::from_str(request).expect("an object"), None, Rows::TABLE).expect("valid");
        assert_eq!(read.sort, sort, "{request}");
    }
}

#[test]
fn a_session_has_the_narrowest_of_its_names() {
    for (request, session) in [
        (r"{}", None),
        (r#"{"user":"u","prompt_cache_key":"k","session_id":"s"}"#, Some("k")),
        (r#"{"user":"u","prompt_cache_key":"k","session_id":""}"#, Some("k")),
        (r#"{"user":"u","session_id":7,"metadata":{"user_id":"m"}}"#, Some("u")),
        (r#"{"metadata":{"user_id":"m"}}"#, Some("m")),
        (r#"{"metadata":"m"}"#, None),
    ] {
        let read = Routing::read(&serde_json::from_str(request).expect("an object"), None, Rows::TABLE).expect("valid");
        assert_eq!(read.session.as_deref(), session, "{request}");
        assert_eq!(read.session_id.as_deref(), Some("s").filter(|_| request.contains(r#":"s""#)), "{request}");
    }
    let long = format!(r#"{{"user":"{}"}}"#, "u".repeat(LONGEST_SESSION + 1));
    assert_eq!(
        Routing::read(&serde_json::from_str(&long).expect("an object"), None, Rows::TABLE).expect("valid").session,
        None
    );
}

#[test]
fn wishes_that_cannot_be_read_name_their_member() {
    for wishes in [
        r#"{"zdr":"true"}"#,
        r#"{"max_price":{"prompt":"much"}}"#,
        r#"{"max_price":{"audio":1}}"#,
        r#"{"max_price":1}"#,
        r#"{"sort":"speed"}"#,
        r#"{"sort":{"by":1}}"#,
        r#"{"only":["nobody"]}"#,
        r#"[["chutes"]]"#,
        r#"{"order":"chutes"}"#,
        r#"{"allow_fallbacks":1}"#,
        r#"{"preferred_max_latency":"1"}"#,
        r#"{"hedge_ms":60001}"#,
        r#"{"hedge_ms":-1}"#,
        r#"{"hedge_ms":"5"}"#,
    ] {
        assert_eq!(read(wishes).expect_err(wishes).param.as_deref(), Some("provider"));
    }
    for wishes in [
        r#"{"data_collection":"allow","zdr":true,"quantizations":["fp8","unknown"],"require_parameters":true}"#,
        r#"{"quantizations":[],"sort":"price","max_price":null}"#,
    ] {
        assert!(read(wishes).is_ok(), "{wishes}");
    }
}
