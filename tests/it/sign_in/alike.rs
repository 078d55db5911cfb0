//! Whoever asks for a code learns nothing about whose address it is.

use serde_json::{Value, json};
use tests::people::Person;
use tests::watch::Watch;
use tests::world::World;

/// What asking for a code did for an address: status, body, headers and RPCs as anybody sees them, and the mail, each
/// with the address and the code taken out.
async fn asked(world: &World, email: &str) -> Value {
    let watch = Watch::new(world);
    watch.clear();
    let mails = world.platform.mailbox.messages().len();
    let answer = world.visit("/auth/register", &json!({"email": email})).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    let mut headers: Vec<String> = answer.headers.keys().map(ToString::to_string).collect();
    headers.sort_unstable();
    let mail = world.platform.mailbox.messages().pop().expect("a mail");
    assert_eq!(world.platform.mailbox.messages().len(), mails + 1);
    assert_eq!(mail.to, [email]);
    let code = world.mailed_code(email);
    // What became of the mail is noted behind the answer.
    watch.until(2, 0).await;
    let kept = world
        .value(&format!(
            "select to_jsonb(c) - 'email_hash' - 'code_hash' - 'expires_at' from gateway.sign_in_codes c
             where email_hash = gateway.proof_hash('email', '{email}')"
        ))
        .await;
    let plain = |text: &str| text.replace(email, "EMAIL").replace(&code, "CODE");
    json!({
        "body": plain(&answer.text),
        "headers": headers,
        "rpcs": watch.functions(),
        "commands": watch.command_names(),
        "mail": [mail.from, plain(&mail.subject), plain(&mail.text.unwrap_or_default()), plain(&mail.html.unwrap_or_default())],
        "kept": kept,
    })
}

#[tokio::test]
async fn known_and_unknown_addresses_are_answered_and_written_to_alike() {
    let world = World::start().await;
    let unknown = Person::new();
    let [known, disabled, deleted] = [Person::new(), Person::new(), Person::new()];
    for person in [&known, &disabled, &deleted] {
        world.visit("/auth/privy", &world.tokens(person)).await.success();
    }
    world
        .sql(&format!(
            "update gateway.accounts set disabled_at = gateway.now() where email in ('{}', '{}');
             update gateway.accounts set deleted_at = gateway.now(), email = null where email = '{}';
             delete from gateway.identities where account_id in (select id from gateway.accounts where deleted_at is not null)",
            disabled.email, deleted.email, deleted.email
        ))
        .await;
    let usual = asked(&world, &unknown.email).await;
    assert_eq!(usual["rpcs"], json!(["request_code", "finish_notifications"]), "{usual}");
    assert_eq!(usual["body"], json!(r#"{"email": "EMAIL", "object": "verification", "expires_in": 600}"#));
    for person in [known, disabled, deleted] {
        assert_eq!(asked(&world, &person.email).await, usual);
    }
}

/// How often a statement looked into the tables that tell whose an address is; by Postgres's own count.
async fn lookups(world: &World, statement: &str) -> i64 {
    let looked = "(select coalesce(sum(coalesce(seq_scan, 0) + coalesce(idx_scan, 0)), 0) from pg_stat_xact_user_tables
                   where relid in ('gateway.accounts'::regclass, 'gateway.identities'::regclass))";
    world
        .sql(&format!(
            "create table if not exists gateway.lookups (number bigint);
             do $$ declare earlier bigint := {looked}; begin
               perform {statement};
               delete from gateway.lookups;
               insert into gateway.lookups select {looked} - earlier;
             end $$"
        ))
        .await;
    world.value("select number from gateway.lookups").await.as_i64().expect("a number")
}

/// Neither takes longer for one address than for another, since neither looks whose it is.
#[tokio::test]
async fn neither_a_code_nor_a_wrong_guess_makes_anyone_look_whose_address_it_is() {
    let world = World::start().await;
    let (known, unknown) = (Person::new(), Person::new());
    world.visit("/auth/privy", &world.tokens(&known)).await.success();
    if lookups(&world, "count(*) from gateway.accounts").await == 0 {
        tests::skipped("who is looked for by a sign-in: this database does not count it");
        return;
    }
    for person in [known, unknown] {
        let email = &person.email;
        let request = json!({"email": email, "code_hash": "kept", "payload": {}});
        let asked = format!("public.request_code('{{}}', '{request}')");
        assert_eq!(lookups(&world, &asked).await, 0, "asked for a code");
        let request = json!({"email": email, "code_hashes": ["another"]});
        let guessed = format!("public.verify_code('{{}}', '{request}', '{{}}')");
        assert_eq!(lookups(&world, &guessed).await, 0, "guessed one");
        let kept = format!(
            "select tries from gateway.sign_in_codes where email_hash = gateway.proof_hash('email', '{email}')"
        );
        assert_eq!(world.value(&kept).await, 1);
    }
}

#[tokio::test]
async fn the_mail_names_the_service_and_holds_the_code_as_text_and_html() {
    let world = World::with(local::upstash::Engine::InProcess, &[("APP_NAME", "Rock & Roll")]).await;
    let body = json!({"email": "Some.Body+Tag@People.EXAMPLE"});
    let answer = world.visit("/auth/register", &body).await.success();
    let email = "some.body+tag@people.example";
    assert_eq!(answer["email"], json!(email));
    let mail = world.platform.mailbox.messages().pop().expect("a mail");
    assert_eq!(mail.to, [email], "the address that will sign in is the one that is written to");
    let code = world.mailed_code(email);
    let (text, html) = (mail.text.expect("a text"), mail.html.expect("HTML"));
    assert!(mail.subject.contains("Rock & Roll") && !mail.subject.contains(&code), "{}", mail.subject);
    for (body, name) in [(text, "Rock & Roll"), (html, "Rock &#38; Roll")] {
        assert!(body.contains(name) && body.contains("10 minutes") && body.contains("ever ask you for it"), "{body}");
        assert_eq!(body.matches(&code).count(), 1, "{body}");
    }
}

#[tokio::test]
async fn addresses_that_cannot_be_written_to_are_refused_before_anything_is_done() {
    let world = World::start().await;
    let watch = Watch::new(&world);
    // U+212A is a K whose lower case is the letter k.
    for wrong in ["", "x", "x@y", "x y@a.b", "x@a.b,y@a.b", "x <y@a.b>", "\u{212a}@a.b", "x@a.b\n", " x@a.b"] {
        for (path, body) in
            [("/auth/register", json!({"email": wrong})), ("/auth/verify", json!({"email": wrong, "code": "123456"}))]
        {
            let error = world.visit(path, &body).await.refused(400, "invalid_request");
            assert_eq!(error["param"], "email", "{path} {wrong:?}");
        }
    }
    assert_eq!(watch.functions(), [""; 0]);
    assert!(world.platform.mailbox.messages().is_empty());
}

#[tokio::test]
async fn a_mail_that_resend_refuses_is_a_503() {
    let world = World::start().await;
    let body = json!({"email": "a@people.example"});
    for (variable, value) in [("RESEND_API_KEY", "re_wrong"), ("RESEND_BASE_URL", "http://127.0.0.1:1")] {
        let gateway = world.another_gateway_with(&[(variable, value)]).await;
        let answer = world.visit_at(&gateway, "/auth/register", &body).await;
        answer.refused(503, "mail_unavailable");
        assert_eq!(answer.headers["retry-after"], "1");
        assert!(!answer.text.contains("127.0.0.1") && !answer.text.contains("re_wrong"), "{}", answer.text);
    }
    let gateway = world.another_gateway_with(&[("RESEND_API_KEY", "")]).await;
    let watch = Watch::new(&world);
    world.visit_at(&gateway, "/auth/register", &body).await.refused(503, "not_configured");
    let asked = watch.functions();
    assert!(!asked.contains(&"request_code".to_owned()), "no code is made that nobody could be sent: {asked:?}");
}
