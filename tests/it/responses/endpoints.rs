//! What is stored is read, listed and deleted as at OpenAI.

use serde_json::{Value, json};
use tests::answer::Answer;
use tests::world::{Deployment, World};

use super::{behind, delete, id, kept, read, respond, wires, world_of};

async fn items(world: &World, key: &str, response: &Value, query: &str) -> Answer {
    Answer::to(world.get(&format!("/v1/responses/{}/input_items{query}", id(response)), key)).await
}

#[tokio::test]
async fn the_input_of_a_response_is_listed_in_pages_in_either_order() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let (world, account) = world_of(&deployment, wire).await;
        let input = json!([{"role": "user", "content": "One"}, {"role": "assistant", "content": "Two"},
            {"type": "message", "id": "msg_mine", "role": "user", "content": [{"type": "input_text", "text": "Three"}]}]);
        let response = respond(&world, wire, &account, "", json!({"input": input})).await;
        let all = items(&world, &account.key, &response, "").await.success();
        let told = |list: &Value| -> Vec<String> {
            let data = list["data"].as_array().expect("a list").iter();
            data.map(|item| item["content"][0]["text"].as_str().expect("text").to_owned()).collect()
        };
        assert_eq!(
            (told(&all), &all["object"], &all["has_more"]),
            (vec!["Three".into(), "Two".into(), "One".into()], &json!("list"), &json!(false))
        );
        assert_eq!((&all["first_id"], &all["last_id"]), (&json!("msg_mine"), &all["data"][2]["id"]));
        assert_eq!(all["data"][1]["content"][0]["type"], "output_text");
        for item in all["data"].as_array().expect("a list") {
            assert!(
                item["id"].as_str().is_some_and(|id| id.starts_with("msg_")) && item["type"] == "message",
                "{item}"
            );
        }
        let page = items(&world, &account.key, &response, "?order=asc&limit=2").await.success();
        assert_eq!((told(&page), &page["has_more"]), (vec!["One".into(), "Two".into()], &json!(true)));
        let after = page["last_id"].as_str().expect("an id");
        let rest = items(&world, &account.key, &response, &format!("?order=asc&after={after}")).await.success();
        assert_eq!((told(&rest), &rest["has_more"]), (vec!["Three".into()], &json!(false)));
        items(&world, &account.key, &response, "?after=msg_other").await.refused(400, "invalid_request");
        // A text is a message, and what was said before is with the response before.
        let next = respond(&world, wire, &account, "Four", behind(&response)).await;
        assert_eq!(told(&items(&world, &account.key, &next, "").await.success()), ["Four"]);
    }
}

#[tokio::test]
async fn a_deleted_response_is_gone_and_what_went_on_from_it_is_still_read() {
    let deployment = Deployment::new().await;
    for wire in wires() {
        let (world, account) = world_of(&deployment, wire).await;
        let root = respond(&world, wire, &account, "Root.", json!({})).await;
        let next = respond(&world, wire, &account, "Next.", behind(&root)).await;
        let gone = delete(&world, &account, &root).await.success();
        assert_eq!(gone, json!({"id": id(&root), "object": "response", "deleted": true}));
        for refused in [delete(&world, &account, &root).await, read(&world, &account, &root).await] {
            refused.refused(404, "response_not_found");
        }
        items(&world, &account.key, &root, "").await.refused(404, "response_not_found");
        assert_eq!(read(&world, &account, &next).await.success(), next);
        assert_eq!(kept(&world, &account).await, 1);
        delete(&world, &account, &next).await.success();
        assert_eq!(kept(&world, &account).await, 0);
    }
}

#[tokio::test]
async fn a_response_cannot_be_cancelled_or_streamed_again() {
    let wire = wires().next().expect("a wire");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    let response = respond(&world, wire, &account, "Hello", json!({})).await;
    let path = format!("/v1/responses/{}", id(&response));
    let cancel = |path: String| Answer::to(world.post(&format!("{path}/cancel"), &account.key, &json!({})));
    let refused = cancel(path.clone()).await.refused(400, "invalid_request");
    assert!(refused["message"].as_str().is_some_and(|text| text.starts_with("Cannot cancel a synchronous response")));
    cancel("/v1/responses/resp_1".to_owned()).await.refused(404, "response_not_found");
    let refused = Answer::to(world.get(&format!("{path}?stream=true"), &account.key)).await;
    assert_eq!(refused.refused(400, "invalid_request")["param"], "stream");
    Answer::to(world.get(&format!("{path}?include[]=reasoning.encrypted_content"), &account.key)).await.success();
}

#[tokio::test]
async fn what_a_model_has_thought_is_told_sealed_only_to_who_asks_and_goes_back_to_it() {
    let wire = wires().last().expect("over messages");
    let (world, account) = world_of(&Deployment::new().await, wire).await;
    world.serves(wire, "standin/reasoning").await;
    world.sql("update gateway.models set reasoning = true").await;
    let response = respond(&world, wire, &account, "Think.", json!({"reasoning": {"effort": "high"}})).await;
    let Some(thoughts) = response["output"].as_array().expect("items").iter().find(|item| item["type"] == "reasoning")
    else {
        panic!("no thoughts: {response}");
    };
    assert!(thoughts.get("encrypted_content").is_none(), "{thoughts}");
    assert_eq!(read(&world, &account, &response).await.success()["output"], response["output"]);
    let path = format!("/v1/responses/{}?include[]=reasoning.encrypted_content", id(&response));
    let asked = Answer::to(world.get(&path, &account.key)).await.success();
    assert!(
        asked["output"][0]["encrypted_content"].as_str().is_some_and(|sealed| sealed.starts_with("gw1.")),
        "{asked}"
    );
}
