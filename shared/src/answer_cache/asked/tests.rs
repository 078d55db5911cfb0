use std::collections::HashMap;

use super::*;

fn presented(
    path: &str,
    dialect: Dialect,
    headers: &[(&'static str, &str)],
    body: &[u8],
) -> Result<Option<Asked>, Error> {
    let mut request = http::Request::post(path).body(()).expect("a request");
    for (name, value) in headers {
        request.headers_mut().append(*name, HeaderValue::from_str(value).expect("a value"));
    }
    let mut parts = request.into_parts().0;
    parts.extensions.insert(dialect);
    let Some(presented) = Presented::of(&parts) else { return Ok(None) };
    presented.stands_for(&Bytes::copy_from_slice(body));
    presented.read()
}

#[test]
fn a_keys_default_holds_only_where_the_headers_say_nothing() {
    let life = Duration::from_secs(60);
    for (headers, holds) in [
        (&[][..], true),
        (&[("x-gateway-cache", "false")], false),
        (&[("x-openrouter-cache", "true")], false),
        (&[("x-gateway-cache-ttl", "9")], false),
        (&[("x-gateway-cache", "wrong")], false),
    ] {
        let mut request = http::Request::post("/v1/chat/completions").body(()).expect("a request");
        for (name, value) in headers {
            request.headers_mut().append(*name, HeaderValue::from_static(value));
        }
        let presented = Presented::of(&request.into_parts().0).expect("a request with a body");
        assert_eq!(presented.by_default(life), None, "no body is read as a whole");
        presented.stands_for(&Bytes::from_static(b"{}"));
        assert_eq!(presented.by_default(life).is_some(), holds, "{headers:?}");
    }
    // The same request by default and by its header is the same one.
    let told = presented("/v1/chat/completions", Dialect::OpenAi, &[("x-gateway-cache-ttl", "60")], b"{}");
    let unsaid =
        Presented::of(&http::Request::post("/v1/chat/completions").body(()).expect("a request").into_parts().0);
    let unsaid = unsaid.expect("a request with a body");
    unsaid.stands_for(&Bytes::from_static(b"{}"));
    let told = told.expect("a wish").expect("one that asks");
    assert_eq!(unsaid.by_default(life).map(|asked| asked.fingerprint("a/b")), Some(told.fingerprint("a/b")));
}

#[test]
fn a_wish_says_for_how_long_and_whether_with_tools() {
    let read = |headers: &[(&'static str, &str)]| {
        let asked = presented("/v1/chat/completions", Dialect::OpenAi, headers, b"{}");
        asked.map(|asked| asked.map(|asked| (asked.life.as_secs(), asked.with_tools))).map_err(|error| error.param)
    };
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&[("x-gateway-cache", "false"), ("x-gateway-cache-ttl", "9")]), Ok(None));
    assert_eq!(read(&[("x-gateway-cache", "true")]), Ok(Some((300, false))));
    assert_eq!(read(&[("x-openrouter-cache", "true"), ("x-openrouter-cache-ttl", "86400")]), Ok(Some((86_400, false))));
    assert_eq!(read(&[("x-openrouter-cache-ttl", "1")]), Ok(Some((1, false))));
    assert_eq!(read(&[("x-gateway-cache", "all")]), Ok(Some((300, true))));
    for (name, value) in [
        ("x-gateway-cache", "yes"),
        ("x-openrouter-cache", ""),
        ("x-gateway-cache-ttl", "0"),
        ("x-gateway-cache-ttl", "86401"),
        ("x-openrouter-cache-ttl", "-1"),
        ("x-openrouter-cache-ttl", "1.5"),
    ] {
        assert_eq!(read(&[(name, value)]), Err(Some(name.into())), "{name}: {value}");
    }
}

/// A generator of numbers (SplitMix64) that needs no crate.
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        (mixed ^ (mixed >> 31)) % end
    }
}

#[test]
fn a_hundred_thousand_requests_have_the_same_fingerprint_only_if_they_are_the_same() {
    let mut numbers = Numbers(17);
    let (paths, models) = (["/v1/chat/completions", "/v1/messages", "/v1/completions"], ["a/b", "a/bb", "a", "b/a"]);
    let versions = ["", "2023-06-01", "2024-01-01"];
    // Parts that run together as the same bytes where nobody says how long each is.
    let pieces = ["a", "b", "aa", "/", "{}", "2023-06-01", "anthropic-beta"];
    let mut known: HashMap<String, String> = HashMap::new();
    let mut repeated = 0;
    for _ in 0..100_000 {
        let mut pick = |of: &[&'static str]| of[usize::try_from(numbers.below(of.len() as u64)).expect("an index")];
        let (path, model, version, beta) = (pick(&paths), pick(&models), pick(&versions), pick(&pieces));
        let mut body = String::new();
        for _ in 0..3 {
            body.push_str(pick(&pieces));
        }
        let dialect = if pick(&["", "/api"]).is_empty() { Dialect::OpenAi } else { Dialect::OpenRouter };
        let mut headers = vec![("x-gateway-cache", "true"), ("anthropic-beta", beta)];
        if !version.is_empty() {
            headers.push(("anthropic-version", version));
        }
        let asked = presented(path, dialect, &headers, body.as_bytes()).expect("a wish").expect("a wish");
        let fingerprint = asked.fingerprint(model);
        let request = format!("{:?}", (path, model, version, beta, dialect, &body));
        match known.get(&fingerprint) {
            Some(earlier) => {
                assert_eq!(*earlier, request, "a wrong hit");
                repeated += 1;
            }
            None => drop(known.insert(fingerprint, request)),
        }
    }
    assert!(repeated > 10_000 && known.len() > 10_000, "{repeated} {}", known.len());
}

#[test]
fn what_does_not_decide_makes_no_other_request() {
    let of = |path, headers: &[(&'static str, &str)]| {
        let headers = [&[("x-gateway-cache", "true")], headers].concat();
        presented(path, Dialect::OpenAi, &headers, b"{}").expect("a wish").expect("a wish").fingerprint("m")
    };
    let one = of("/v1/messages", &[("anthropic-version", "1"), ("x-title", "app"), ("user-agent", "a")]);
    assert_eq!(one, of("/api/v1/messages", &[("anthropic-version", "1")]));
    assert_ne!(one, of("/v1/messages", &[]));
    let [version, beta] = [("anthropic-version", "1"), ("anthropic-beta", "b")];
    assert_eq!(of("/v1/messages", &[version, beta]), of("/v1/messages", &[beta, version]));
}
