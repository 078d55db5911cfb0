//! What a test may see and disturb.
use super::*;

#[tokio::test]
async fn calls_are_recorded_when_asked() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    fixture.call("who", json!({})).await;
    assert!(control.calls().is_empty());
    control.record(true);
    fixture.call("who", json!({})).await;
    fixture.call("fail_with", json!({"code": "PT404"})).await;
    let seen: Vec<(String, Option<u16>)> =
        control.calls().into_iter().map(|call| (call.function, call.status)).collect();
    assert_eq!(seen, [("who".to_owned(), Some(200)), ("fail_with".to_owned(), Some(404))]);
    assert!(control.calls().iter().all(|call| call.started < call.finished));
    control.calls_clear();
    assert!(control.calls().is_empty());
}

#[tokio::test]
async fn faults_take_the_place_of_answers() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    let key = format!("apikey: {}", fixture.keys.secret);
    let note = |id: i64| json!({"id": id, "text": "x"}).to_string();
    let path = "/rest/v1/rpc/add_note";

    control.fail(Some("add_note"), Some(1), Fault::Refuse);
    assert!(fixture.send("POST", path, &key, &note(1)).await.is_none());
    assert_eq!(fixture.notes().await, 0);

    control.fail(Some("add_note"), Some(1), Fault::DropAnswer);
    assert!(fixture.send("POST", path, &key, &note(1)).await.is_none());
    assert_eq!(fixture.notes().await, 1);

    let html = Fault::Answer { status: 502, content_type: "text/html".to_owned(), body: "<html>".to_owned() };
    control.fail(None, None, html);
    let reply = fixture.call("add_note", json!({"id": 2, "text": "x"})).await;
    assert!(reply.status == 502 && reply.head.contains("text/html"), "{reply:?}");
    assert_eq!(fixture.call("who", json!({})).await.status, 502);
    control.clear();

    control.fail(Some("add_note"), Some(2), Fault::Raise("40P01".to_owned()));
    let reply = fixture.call("add_note", json!({"id": 2, "text": "x"})).await;
    assert_eq!((reply.status, reply.code()), (500, "40P01"));
    assert_eq!(fixture.call("count_notes", json!({})).await.body, json!(1), "the fault is for one function");
    assert_eq!(fixture.call("add_note", json!({"id": 2, "text": "x"})).await.status, 500);
    assert_eq!(fixture.call("add_note", json!({"id": 2, "text": "x"})).await.status, 204);
}

#[tokio::test]
async fn an_answer_can_be_late_although_its_call_is_committed() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    control.fail(Some("add_note"), Some(1), Fault::DelayAfter(Duration::from_secs(3600)));
    let late = fixture.call("add_note", json!({"id": 1, "text": "x"}));
    let committed = until(async || fixture.notes().await == 1);
    tokio::select! {
        _ = late => panic!("the answer came"),
        () = committed => {}
    }
}

#[tokio::test]
async fn a_client_that_leaves_does_not_stop_its_transaction() {
    let fixture = Fixture::start().await;
    let control = fixture.postgrest.control();
    control.record(true);
    let gate = control.gate(Some("add_note"));
    let call = fixture.call("add_note", json!({"id": 1, "text": "x"}));
    tokio::select! {
        _ = call => panic!("the call passed a closed gate"),
        () = gate.waiting(1) => {}
    }
    assert_eq!(fixture.notes().await, 0);
    gate.open();
    until(async || !control.calls().is_empty()).await;
    assert_eq!(control.calls()[0].status, Some(204));
    assert_eq!(fixture.notes().await, 1);
    assert_eq!(fixture.call("count_notes", json!({})).await.body, json!(1));
}

#[tokio::test]
async fn a_gate_holds_all_calls_until_it_opens() {
    let fixture = Fixture::start().await;
    let gate = fixture.postgrest.control().gate(Some("add_note"));
    let add = |id: i64| fixture.call("add_note", json!({"id": id, "text": "x"}));
    let calls = futures_util::future::join_all((0..20).map(add));
    let opened = async {
        gate.waiting(20).await;
        assert_eq!(fixture.notes().await, 0);
        gate.open();
    };
    let (replies, ()) = futures_util::future::join(calls, opened).await;
    assert!(replies.iter().all(|reply| reply.status == 204));
    assert_eq!(fixture.notes().await, 20);
}
