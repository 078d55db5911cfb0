//! What functions give back, what they are given, and how they fail.
use super::*;

#[tokio::test]
async fn results_come_as_json_of_their_type() {
    let fixture = Fixture::start().await;
    let echo = fixture.call("echo", json!({"value": {"a": [1, "x"]}})).await;
    assert_eq!((echo.status, echo.body), (200, json!({"value": {"a": [1, "x"]}, "label": "none"})));
    assert!(echo.head.contains("content-type: application/json; charset=utf-8"), "{}", echo.head);
    let added = fixture.call("add_note", json!({"id": 1, "text": "hello"})).await;
    assert_eq!((added.status, added.body), (204, Value::Null));
    assert_eq!(fixture.call("count_notes", json!({})).await.body, json!(1));
    assert_eq!(fixture.call_as(&format!("apikey: {}", fixture.keys.secret), "count_notes", "").await.body, json!(1));
    assert_eq!(fixture.call("numbers", json!({"upto": 3})).await.body, json!([1, 2, 3]));
    assert_eq!(fixture.call("numbers", json!({"upto": 0})).await.body, json!([]));
    let pairs = json!([{"id": 1, "name": "one"}, {"id": 2, "name": "two"}]);
    assert_eq!(fixture.call("pairs", json!({})).await.body, pairs);
}

#[tokio::test]
async fn arguments_become_sql_by_their_declared_types() {
    let fixture = Fixture::start().await;
    let body = json!({"n": "12.50", "flags": [true, false], "at": "2026-01-02T03:04:05Z", "nothing": null});
    let reply = fixture.call("types", body).await;
    let expected = json!({"n": 12.50, "flags": [true, false], "at": "2026-01-02T03:04:05", "null": true});
    assert_eq!(reply.body, expected);
    let bad = fixture.call("numbers", json!({"upto": "many"})).await;
    assert_eq!((bad.status, bad.code()), (400, "22P02"));
    let huge = fixture.call("numbers", json!({"upto": 99_999_999_999_i64})).await;
    assert_eq!((huge.status, huge.code()), (400, "22003"));
}

#[tokio::test]
async fn arguments_must_be_exactly_those_of_a_function() {
    let fixture = Fixture::start().await;
    for body in [json!({}), json!({"value": 1, "other": 2}), json!({"label": "x"})] {
        let reply = fixture.call("echo", body).await;
        assert_eq!((reply.status, reply.code()), (404, "PGRST202"));
        assert_eq!(reply.body["hint"], "Perhaps you meant to call the function public.echo(label, value)");
    }
    let unknown = fixture.call("nothing", json!({"b": 1, "a": 2})).await;
    assert_eq!(unknown.body["message"], "Could not find the function public.nothing(a, b) in the schema cache");
    assert_eq!(unknown.body["hint"], Value::Null);
    let ambiguous = fixture.call("either", json!({"a": 1})).await;
    assert_eq!((ambiguous.status, ambiguous.code()), (300, "PGRST203"));
}

#[tokio::test]
async fn a_single_argument_of_json_without_a_name_is_the_whole_body() {
    let fixture = Fixture::start().await;
    for body in [json!({}), json!({"a": [1, null], "b": "x"})] {
        let reply = fixture.call("whole", body.clone()).await;
        assert_eq!((reply.status, reply.body), (200, body));
    }
    let reply = fixture.call("nameless", json!({"a": 1})).await;
    assert_eq!((reply.status, reply.code()), (404, "PGRST202"));
}

#[tokio::test]
async fn a_function_made_after_the_start_is_found() {
    let fixture = Fixture::start().await;
    assert_eq!(fixture.call("late", json!({})).await.status, 404);
    let sql = "create function public.late() returns integer language sql as 'select 7'";
    fixture.database.execute(sql).await.expect("a function");
    assert_eq!(fixture.call("late", json!({})).await.body, json!(7));
}

#[tokio::test]
async fn only_volatile_functions_may_write() {
    let fixture = Fixture::start().await;
    let reply = fixture.call("add_note_stable", json!({"id": 1})).await;
    // plpgsql itself refuses a write in a stable function; a read-only transaction is what a nested call meets.
    assert!(matches!(reply.code(), "25006" | "0A000"), "{reply:?}");
    let sql = "create function public.nested() returns void language plpgsql stable security definer \
               as $$ begin perform public.add_note(2, 'nested'); end $$";
    fixture.database.execute(sql).await.expect("a function");
    let nested = fixture.call("nested", json!({})).await;
    assert_eq!((nested.status, nested.code()), (405, "25006"));
    assert_eq!(fixture.notes().await, 0);
}

#[tokio::test]
async fn an_error_has_postgrests_status_and_body_and_leaves_nothing() {
    let fixture = Fixture::start().await;
    let expected = json!({"code": "PT402", "message": "refused", "details": "a detail", "hint": "a hint"});
    let refused = fixture.call("fail_with", json!({"code": "PT402"})).await;
    assert_eq!((refused.status, refused.body), (402, expected));
    for (code, status) in [("P0001", 400), ("40P01", 500), ("57014", 500), ("23505", 409)] {
        assert_eq!(fixture.call("fail_with", json!({"code": code})).await.status, status, "{code}");
    }
    assert_eq!(fixture.call("add_note", json!({"id": 1, "text": "x"})).await.status, 204);
    let twice = fixture.call("add_note", json!({"id": 1, "text": "x"})).await;
    assert_eq!((twice.status, twice.code()), (409, "23505"));
    assert_eq!(fixture.notes().await, 1);
}

#[tokio::test]
async fn hundreds_of_errors_do_not_end_the_database() {
    let fixture = Fixture::start().await;
    let sql = "create function public.fail_below(levels integer) returns void language plpgsql as $$ begin \
               if levels = 0 then perform public.fail_with('PT402'); end if; \
               perform public.fail_below(levels - 1); end $$";
    fixture.database.execute(sql).await.expect("a function");
    for _ in 0..600 {
        let refused = fixture.call("fail_below", json!({"levels": 8})).await;
        assert_eq!(refused.status, 402, "{refused:?}");
    }
    assert_eq!(fixture.call("add_note", json!({"id": 1, "text": "x"})).await.status, 204);
}

#[tokio::test]
async fn a_database_that_is_gone_is_503() {
    let fixture = Fixture::start().await;
    fixture.call("who", json!({})).await;
    let Fixture { postgrest, keys, database } = fixture;
    let url = database.url().to_owned();
    database.stop().await;
    let source = crate::database::Source::Url(url);
    assert!(Database::start(source, None).await.is_err());
    let address = postgrest.url().trim_start_matches("http://").to_owned();
    let mut stream = TcpStream::connect(&address).await.expect("a connection");
    let request = format!(
        "POST /rest/v1/rpc/who HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\napikey: {}\r\ncontent-length: 2\r\n\r\n{{}}",
        keys.secret
    );
    stream.write_all(request.as_bytes()).await.expect("a request sent");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("an answer");
    assert!(answer.starts_with("HTTP/1.1 503") && answer.contains("PGRST000"), "{answer}");
    postgrest.stop().await;
    assert!(TcpStream::connect(&address).await.is_err());
}

#[tokio::test]
async fn a_function_sets_headers_of_its_own_answer_and_of_no_other() {
    let fixture = Fixture::start().await;
    let told = fixture.call("tell", json!({"headers": r#"[{"x-mail-due": "true"}]"#})).await;
    assert!(told.status == 204 && told.head.contains("x-mail-due: true"), "{}", told.head);
    let other = fixture.call("tell", json!({"headers": ""})).await;
    assert!(other.status == 204 && !other.head.contains("x-mail-due"), "{}", other.head);
    let wrong = fixture.call("tell", json!({"headers": "x"})).await;
    assert_eq!((wrong.status, wrong.code()), (500, "PGRST111"));
}
