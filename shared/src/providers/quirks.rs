//! What is different about a provider.

/// What is different about a provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Quirks {
    /// It is told which app calls (`HTTP-Referer`, `X-Title`), for its public statistics.
    pub sends_app: bool,
    /// It serves open models: their templates take `top_k`, and what a model has thought back.
    pub open_weights: bool,
    /// It makes images in a shape of its own, which has OpenAI's names, but not all of them.
    pub own_images: bool,
    /// Its API is OpenAI's own, which refuses members that it does not know, and of the output limit's two names takes the
    /// newer one for every model.
    pub strict: bool,
    /// It is a server of whoever runs the gateway: it may want no key, and nobody has an account of their own there.
    pub self_hosted: bool,
    /// How its chat differs from OpenAI's.
    pub chat: ChatDialect,
}

impl Quirks {
    /// Nothing is.
    pub const PLAIN: Self = Self {
        sends_app: false,
        open_weights: false,
        own_images: false,
        strict: false,
        self_hosted: false,
        chat: ChatDialect::PLAIN,
    };

    /// Whether a chat there has what its model thought before.
    #[must_use]
    pub const fn takes_thoughts(&self) -> bool {
        self.open_weights || self.chat.wants_thoughts
    }
}

/// How a provider's chat differs from OpenAI's, so that a chat for OpenAI runs there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ChatDialect {
    /// It knows the output limit as `max_tokens` only.
    pub older_limit: bool,
    /// It knows no `developer`: such a message is a system message.
    pub system_only: bool,
    /// A message that calls tools must have `reasoning_content`, be it empty.
    pub wants_thoughts: bool,
    /// It reports usage at a stream's end without being asked, and refuses `stream_options`.
    pub usage_unasked: bool,
    /// `tool_choice: "required"` is `"any"` there.
    pub any_tool: bool,
}

impl ChatDialect {
    /// Not at all.
    pub const PLAIN: Self =
        Self { older_limit: false, system_only: false, wants_thoughts: false, usage_unasked: false, any_tool: false };
}
