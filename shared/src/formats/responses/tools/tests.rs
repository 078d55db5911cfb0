//! The tools of a response, as a chat has them.

use super::*;

fn read(request: Value) -> Result<Tools, Error> {
    Tools::read(request.as_object().expect("an object"))
}

#[test]
fn a_tool_is_found_by_the_name_that_a_chat_has_for_it() {
    let long = "x".repeat(100);
    let tools = read(json!({
        "tools": [{"type": "function", "name": "f", "parameters": null, "strict": true}, {"type": "web_search"}],
        "input": [{"type": "additional_tools", "role": "developer", "tools": [
            {"type": "namespace", "name": "a", "tools": [
                {"type": "custom", "name": "exec", "description": "Runs.", "format": {"type": "grammar", "syntax": "lark", "definition": "start: X"}},
                {"type": "function", "name": "g"}]},
            {"type": "namespace", "name": "b.c", "tools": [{"type": "function", "name": "g"}, {"type": "function", "name": long}]}]}]}))
    .expect("tools");
    let names: Vec<String> =
        tools.of_chat(None).iter().map(|tool| tool["function"]["name"].as_str().expect("a name").to_owned()).collect();
    assert_eq!(names[..4], ["f", "exec", "a__g", "b_c__g"]);
    assert_eq!(names[4].len(), 64);
    let of = |name: &str| tools.called(name).map(|tool| (tool.namespace.clone(), tool.name.clone(), tool.is_custom));
    assert_eq!(of("exec"), Some((Some("a".to_owned()), "exec".to_owned(), true)));
    assert_eq!(of("b_c__g"), Some((Some("b.c".to_owned()), "g".to_owned(), false)));
    assert_eq!(of(&names[4]), Some((Some("b.c".to_owned()), long, false)));
    assert_eq!((of("web_search"), tools.chat_name(Some("b.c"), "g")), (None, "b_c__g".to_owned()));
    let custom = &tools.of_chat(None)[1]["function"];
    assert_eq!(custom["description"], "Runs.\n\nThe input is a text of this lark grammar:\nstart: X");
    assert_eq!(custom["parameters"]["required"], json!(["input"]));
    assert_eq!(tools.of_chat(None)[0]["function"]["parameters"], json!({"type": "object", "properties": {}}));
    let choice = json!({"type": "allowed_tools", "mode": "required", "tools": [{"type": "function", "name": "f"}]});
    assert_eq!((tools.of_chat(Some(&choice)).len(), tools.choice_of_chat(&choice)), (1, json!("required")));
}

#[test]
fn what_runs_at_the_provider_is_refused_and_a_search_beside_other_tools_left_out() {
    for (tools, param) in [
        (json!([{"type": "web_search"}]), "tools[0].type"),
        (json!([{"type": "function", "name": "f"}, {"type": "mcp"}]), "tools[1].type"),
        (json!([{"type": "code_interpreter", "container": "c"}]), "tools[0].type"),
        (json!([{"type": "tool_search"}]), "tools[0].type"),
        (json!([{"type": "function"}]), "tools[0].name"),
        (json!([{}]), "tools[0].type"),
        (json!({}), "tools"),
        (json!([{"type": "namespace", "name": "a", "tools": [{"type": "file_search"}]}]), "tools[0].tools[0].type"),
    ] {
        let error = read(json!({ "tools": tools })).expect_err(param);
        assert_eq!((error.http_status().as_u16(), error.param.as_deref()), (400, Some(param)));
    }
    for choice in [json!({"type": "web_search"}), json!("perhaps"), json!({"type": "function"}), json!(1)] {
        let error = read(json!({ "tools": [{"type": "function", "name": "f"}], "tool_choice": choice }));
        assert_eq!(error.expect_err("a choice").param.as_deref(), Some("tool_choice"));
    }
}

#[test]
fn a_custom_tools_text_comes_back_as_it_was() {
    for text in ["", "a\n\"b\"", "{\"x\": 1}"] {
        assert_eq!(input_of(&arguments_of(text)).as_deref(), Some(text));
    }
    assert_eq!(input_of("ls -l").as_deref(), Some("ls -l"));
    assert_eq!(input_of("\"ls\"").as_deref(), Some("ls"));
    assert_eq!(input_of("{\"input\": \"rm"), None);
}
