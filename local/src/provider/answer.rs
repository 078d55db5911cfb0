//! Composes a completion: what the model "says", which tools it calls, and what it cost.

mod words;

use super::{
    error::ApiError,
    request::{Caches, Given as Asked, Request, ResponseFormat, Told, Tool},
    schema,
    tokens::{self, Piece},
};
use words::{in_chunks, in_halves, opening, seed, stop_at, words};

/// Tokens of a picture that is drawn in a chat, of whatever size.
const PICTURE: u64 = 1_290;
/// Tokens of a transcript.
const TRANSCRIPT: u64 = 20;
/// Tokens of the sound of a character.
const TOKENS_OF_CHARACTER: u64 = 2;

/// What a behaviour asks of the answer; the default is a short one.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Plan {
    /// Length of the text in tokens, if the limit allows it.
    pub(super) tokens: Option<u64>,
    /// Number of chunks that a text is streamed in, if it has as many tokens.
    pub(super) chunks: Option<u64>,
    /// Tokens of reasoning before the text.
    pub(super) reasoning: u64,
    /// Whether tools are called only as the prompt says, in place of all with made-up arguments.
    pub(super) as_told: bool,
}

/// A composed completion.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) model: String,
    pub(super) choices: Vec<Choice>,
    pub(super) usage: Usage,
    pub(super) given: Given,
}

/// What is given in the place of choices.
#[derive(Debug)]
pub(super) enum Given {
    Choices,
    Vectors { texts: Vec<String>, dimensions: u64, base64: bool },
    Ranking { query: String, documents: Vec<String>, top_n: Option<u64> },
    Images { prompt: String, images: u64, partial: u64 },
    Sound { text: String, content_type: &'static str },
    Transcript { text: String, seconds: u64, form: String },
}

#[derive(Debug)]
pub(super) struct Choice {
    /// The reasoning text, a piece a chunk.
    pub(super) reasoning: Vec<Piece>,
    pub(super) content: Content,
    /// Whether that comes sealed, too.
    pub(super) seals: bool,
    /// What is drawn behind it, if anything is.
    pub(super) picture: Option<String>,
    /// Whether the text begins with the prompt, as its first piece.
    pub(super) echoes: bool,
    /// How many alternatives to show for every token of the text.
    pub(super) logprobs: Option<u64>,
    /// `finish_reason`.
    pub(super) finish: &'static str,
}

#[derive(Debug)]
pub(super) enum Content {
    /// A piece a chunk.
    Text(Vec<Piece>),
    Calls(Vec<ToolCall>),
}

/// A call of a function. Its name costs tokens too; they are those of the first piece's chunk.
#[derive(Debug)]
pub(super) struct ToolCall {
    pub(super) name: Piece,
    /// Whether the tool takes a text and no JSON.
    pub(super) custom: bool,
    /// The arguments' JSON, a piece a chunk.
    pub(super) arguments: Vec<Piece>,
}

/// Reported token counts. `cached` and `written` are parts of `prompt`, `written_long` of `written`, `reasoning` and `image`
/// of `completion`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) prompt: u64,
    pub(super) cached: u64,
    pub(super) written: u64,
    /// Into a cache of an hour.
    pub(super) written_long: u64,
    pub(super) completion: u64,
    pub(super) reasoning: u64,
    /// Of what is drawn.
    pub(super) image: u64,
}

impl Answer {
    /// Composes the answer to a request.
    ///
    /// # Errors
    /// A 400 when no arguments or content can be made for a schema.
    pub(super) fn compose(request: &Request, plan: Plan) -> Result<Self, ApiError> {
        let texts = || request.questions.clone();
        let given = match &request.given {
            Asked::Text => Given::Choices,
            Asked::Vectors { dimensions, base64 } => {
                Given::Vectors { texts: texts(), dimensions: *dimensions, base64: *base64 }
            }
            Asked::Ranking { query, top_n } => {
                Given::Ranking { query: query.clone(), documents: texts(), top_n: *top_n }
            }
            Asked::Sound { content_type } => Given::Sound { text: texts().concat(), content_type },
            Asked::Transcript { seconds, form } => {
                Given::Transcript { text: transcript(&texts().concat()), seconds: *seconds, form: form.clone() }
            }
            Asked::Images { images, partial, .. } => {
                Given::Images { prompt: texts().concat(), images: *images, partial: *partial }
            }
        };
        let mut choices = Vec::new();
        let (mut completion, mut reasoning, mut image) = (0, 0, 0);
        let answered = if matches!(given, Given::Choices) { &request.questions[..] } else { &[] };
        for question in answered {
            for index in 0..request.candidates {
                let choice = compose_choice(request, plan, question, index)?;
                // What is written and not chosen is paid for too.
                completion += choice.tokens();
                reasoning += tokens::sum(&choice.reasoning);
                image += choice.drawn();
                if index < request.choices {
                    choices.push(choice);
                }
            }
        }
        if let Asked::Images { images, tokens, .. } = &request.given {
            completion = images * tokens;
        }
        match &given {
            Given::Transcript { text, .. } => completion = tokens::count(text),
            Given::Sound { text, .. } => completion = TOKENS_OF_CHARACTER * text.chars().count() as u64,
            _ => {}
        }
        let Caches { written, written_long } = request.caches;
        let prompt = request.prompt.tokens();
        let usage = Usage { prompt, cached: 0, written, written_long, completion, reasoning, image };
        Ok(Self { model: request.model.clone(), choices, usage, given })
    }
}

impl Choice {
    fn tokens(&self) -> u64 {
        let content = match &self.content {
            Content::Text(pieces) => tokens::sum(pieces),
            Content::Calls(calls) => calls.iter().map(|call| call.name.tokens + tokens::sum(&call.arguments)).sum(),
        };
        tokens::sum(&self.reasoning) + content + self.drawn()
    }

    /// Of what is drawn.
    pub(super) fn drawn(&self) -> u64 {
        self.picture.as_ref().map_or(0, |_| PICTURE)
    }
}

fn compose_choice(request: &Request, plan: Plan, question: &str, index: u64) -> Result<Choice, ApiError> {
    let seed = seed(question).wrapping_add(index.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let mut left = request.limit.unwrap_or(u64::MAX);
    let thoughts = plan.reasoning.max(request.thoughts);
    let mut reasoning = if thoughts > 0 { words(seed ^ 1, "Considering", thoughts) } else { Vec::new() };
    let cut = tokens::cut(&mut reasoning, left);
    left -= tokens::sum(&reasoning);
    let is_told = plan.as_told || !request.told.is_empty();
    let calls = if is_told { request.told.clone() } else { made_up(&request.called)? };
    let (content, finish) = if cut {
        (Content::Text(Vec::new()), "length")
    } else if calls.is_empty() {
        compose_text(request, plan, question, seed, left)?
    } else {
        let (calls, cut) = compose_calls(&calls, left);
        // A limit too low for even one name leaves an empty text, as it does upstream.
        let content = if calls.is_empty() { Content::Text(Vec::new()) } else { Content::Calls(calls) };
        (content, if cut { "length" } else { "tool_calls" })
    };
    let reasoning = in_chunks(&reasoning, None);
    let mut choice = Choice {
        reasoning,
        content,
        seals: request.seals,
        picture: None,
        echoes: request.echo,
        logprobs: request.logprobs,
        finish,
    };
    if request.draws && finish == "stop" {
        // A limit too low for it leaves it out, as it does upstream.
        let fits = request.limit.is_none_or(|limit| choice.tokens() + PICTURE <= limit);
        choice.picture = fits.then(|| format!("{question}{index}"));
        choice.finish = if fits { "stop" } else { "length" };
    }
    Ok(choice)
}

fn compose_text(
    request: &Request,
    plan: Plan,
    question: &str,
    seed: u64,
    left: u64,
) -> Result<(Content, &'static str), ApiError> {
    let mut text = match &request.format {
        ResponseFormat::Json(schema) => tokens::pieces(&json_instance(schema, "response_format")?),
        ResponseFormat::Text => words(seed, &opening(question), plan.tokens.unwrap_or(24 + seed % 24)),
    };
    stop_at(&mut text, &request.stops);
    let finish = if tokens::cut(&mut text, left) { "length" } else { "stop" };
    let mut pieces = in_chunks(&text, plan.chunks);
    if request.echo {
        // It was read and not written, so that it is no part of the completion's tokens.
        pieces.insert(0, Piece { text: question.to_owned(), tokens: 0 });
    }
    Ok((Content::Text(pieces), finish))
}

/// What is heard in a sound of which this is said.
fn transcript(said: &str) -> String {
    words(seed(said), &opening(said), TRANSCRIPT).iter().map(|piece| piece.text.as_str()).collect()
}

/// A call of each tool, with arguments made after its schema.
fn made_up(tools: &[Tool]) -> Result<Vec<Told>, ApiError> {
    let call = |Tool { name, parameters, custom }: &Tool| {
        let arguments = if *custom { format!("{name} it") } else { json_instance(parameters, name)? };
        Ok(Told { name: name.clone(), arguments, custom: *custom })
    };
    tools.iter().map(call).collect()
}

fn compose_calls(told: &[Told], mut left: u64) -> (Vec<ToolCall>, bool) {
    let mut calls = Vec::new();
    for call in told {
        let name = Piece { text: call.name.clone(), tokens: tokens::count(&call.name) };
        if name.tokens > left {
            return (calls, true);
        }
        left -= name.tokens;
        let mut arguments = tokens::pieces(&call.arguments);
        let cut = tokens::cut(&mut arguments, left);
        left -= tokens::sum(&arguments);
        calls.push(ToolCall { name, custom: call.custom, arguments: tokens::group(&in_halves(arguments), 5) });
        if cut {
            return (calls, true);
        }
    }
    (calls, false)
}

fn json_instance(schema: &serde_json::Value, at: &str) -> Result<String, ApiError> {
    let instance = schema::instance(schema);
    instance.map(|value| value.to_string()).map_err(|error| ApiError::wrong_value(at, &format!("simpler: {error}")))
}
