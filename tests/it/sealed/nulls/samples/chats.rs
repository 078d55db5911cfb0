//! Kept chats and responses.

use serde_json::json;
use uuid::Uuid;

use super::super::Scene;
use super::{Sample, page, sample};

impl Scene {
    pub(super) fn of_chats(&self) -> Vec<Sample> {
        let user = self.caller(&self.user);
        vec![
            sample(
                "create_chat_session",
                json!({"caller": user, "request": {"id": Uuid::now_v7(), "title": {"ciphertext": "c", "version": 1}}}),
                &["request.title"],
            ),
            sample("list_chat_sessions", json!({"caller": user, "query": page(json!({}))}), &[]),
            sample("get_chat_session", json!({"caller": user, "target": self.chat, "query": page(json!({}))}), &[]),
            sample(
                "update_chat_session",
                json!({"caller": user, "target": self.chat, "request": {"model": "m"}}),
                &["request.model"],
            ),
            sample("delete_chat_session", json!({"caller": user, "target": self.chat}), &[]),
            sample(
                "add_chat_message",
                json!({"caller": user, "target": self.chat, "request": {"role": "user", "content": {"ciphertext": "c", "version": 1},
                       "terms": [1], "bound": 5, "tokens": 5, "images": 0, "modalities": ["image"]}}),
                &[],
            ),
            sample("search_chats", json!({"caller": user, "query": page(json!({"terms": [[1]]}))}), &[]),
            sample("get_chat_stats", json!({"caller": user}), &[]),
            sample("list_outdated_chats", json!({"versions": [1], "after": {}}), &[]),
            sample("renew_chats", json!({"renewed": {"sessions": [], "messages": []}}), &[]),
            sample("get_response", json!({"caller": user, "target": self.response}), &[]),
            sample("check_response", json!({"caller": user, "target": self.response}), &[]),
            sample("delete_response", json!({"caller": user, "target": self.response}), &[]),
            sample("list_outdated_responses", json!({"versions": [1], "after": {}}), &[]),
            sample("renew_responses", json!({"renewed": {"responses": []}}), &[]),
        ]
    }
}
