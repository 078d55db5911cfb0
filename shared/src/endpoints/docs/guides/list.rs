//! The list of the guides. Derived by `cargo run -- guides --write`.

guides! {
    "quick-start"
    "streaming"
    "tools"
    "structured-output"
    "errors"
    "limits"
    "keys"
    "billing"
    "webhooks"
    "agents"
    "openrouter"
    "from-openrouter"
    "from-litellm"
    "on-vercel"
    "on-lambda"
}
