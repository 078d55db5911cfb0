//! The allowlist of domains.

use tests::answer::Answer;
use tests::world::World;

#[tokio::test]
async fn the_origins_host_must_be_listed_and_stands_above_the_referers() {
    let world = World::start().await;
    let account = world.account(0).await;
    let cases: [(&str, Option<&str>, Option<&str>, bool); 20] = [
        // The host alone decides: not its scheme, port, letters' case or path.
        ("app.example", Some("https://app.example"), None, true),
        ("app.example", Some("http://app.example:8080"), None, true),
        ("app.example", Some("https://APP.Example"), None, true),
        ("App.Example", Some("https://app.example"), None, true),
        ("app.example", None, Some("https://app.example/page?x=1#y"), true),
        // An exact name matches nothing but itself.
        ("app.example", Some("https://www.app.example"), None, false),
        ("app.example", Some("https://app.example.evil.test"), None, false),
        ("app.example", Some("https://myapp.example"), None, false),
        ("app.example", None, Some("https://evil.test/app.example"), false),
        ("app.example", None, Some("https://app.example@evil.test/"), false),
        // A star stands for one or more labels before the name.
        ("*.app.example", Some("https://www.app.example"), None, true),
        ("*.app.example", Some("https://a.b.app.example"), None, true),
        ("*.app.example", Some("https://app.example"), None, false),
        ("*.app.example", Some("https://evilapp.example"), None, false),
        ("one.example,*.two.example", Some("https://x.two.example"), None, true),
        // The origin goes before the referer, either way.
        ("app.example", Some("https://app.example"), Some("https://evil.test/"), true),
        ("app.example", Some("https://evil.test"), Some("https://app.example/"), false),
        ("app.example", Some("null"), Some("https://app.example/"), false),
        // Who does not say where it comes from is refused.
        ("app.example", None, None, false),
        ("*.example", None, None, false),
    ];
    for (allowlist, origin, referer, allowed) in cases {
        world.change_key(&account, &format!("domain_allowlist = '{{{allowlist}}}'")).await;
        let mut request = world.get("/user/balance", &account.key);
        for (name, value) in [("origin", origin), ("referer", referer)] {
            if let Some(value) = value {
                request = request.header(name, value);
            }
        }
        let wanted = if allowed { (200, String::new()) } else { (403, "domain_not_allowed".to_owned()) };
        assert_eq!(Answer::to(request).await.outcome(), wanted, "{allowlist}: {origin:?} {referer:?}");
    }
}

#[tokio::test]
async fn without_an_allowlist_any_page_may_call() {
    let world = World::start().await;
    let account = world.account(0).await;
    let request = world.get("/user/balance", &account.key).header("origin", "https://anywhere.test");
    assert_eq!(Answer::to(request).await.status, 200);
}
