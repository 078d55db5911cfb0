//! The providers. Adding one that speaks OpenAI chat is adding a row.

use super::{Authentication, Provider};

/// Every provider the gateway knows.
pub static PROVIDERS: &[Provider] = &[
    Provider {
        name: "openrouter",
        base_url: "https://openrouter.ai/api/v1",
        authentication: Authentication::Bearer,
        sends_app: true,
    },
    Provider {
        name: "portkey",
        base_url: "https://api.portkey.ai/v1",
        authentication: Authentication::Portkey,
        sends_app: false,
    },
    Provider {
        name: "featherless",
        base_url: "https://api.featherless.ai/v1",
        authentication: Authentication::Bearer,
        sends_app: false,
    },
    Provider {
        name: "chutes",
        base_url: "https://llm.chutes.ai/v1",
        authentication: Authentication::Bearer,
        sends_app: false,
    },
];
