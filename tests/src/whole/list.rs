//! The formats: who serves each in the tests, what is asked, and what it costs.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};
use shared::formats::{Format, Kind};

use super::{Streams, Whole};

/// The formats.
pub static WHOLES: [Whole; 10] = [
    Whole {
        name: "embeddings",
        model: "test/embeddings",
        provider: "openrouter",
        second: "portkey",
        format: Format::Embeddings,
        route: "v1_embeddings",
        kind: Kind::Embedding,
        question: |text| json!({ "input": text }),
        list: "data",
        counted: 1,
        most_output: 0,
        repeatable: true,
        form: false,
        streams: None,
        prices: "",
        priced: |usage| count(usage, "prompt_tokens") * 1_000,
    },
    Whole {
        name: "rerank",
        model: "test/rerank",
        provider: "openrouter",
        second: "portkey",
        format: Format::Rerank,
        route: "v1_rerank",
        kind: Kind::Rerank,
        question: |text| json!({ "query": text, "documents": ["Hello", text] }),
        list: "results",
        // The query with each document, and a line's end behind each.
        counted: 8,
        most_output: 0,
        repeatable: true,
        form: false,
        streams: None,
        prices: "search_price = 2000000",
        priced: |usage| count(usage, "total_tokens") * 1_000 + count(usage, "search_units") * 2_000_000,
    },
    Whole {
        name: "speech",
        model: "test/speech",
        provider: "portkey",
        second: "openrouter",
        format: Format::Speech,
        route: "v1_audio_speech",
        kind: Kind::Speech,
        question: |text| json!({ "input": text, "voice": "alloy" }),
        list: "",
        counted: 0,
        most_output: 0,
        repeatable: true,
        form: false,
        streams: None,
        prices: "character_price = 15000000000",
        // Hello has five.
        priced: |_| 5 * 15_000,
    },
    Whole {
        name: "images",
        model: "test/images",
        provider: "portkey",
        second: "openrouter",
        format: Format::ImageGeneration,
        route: "images_generate",
        kind: Kind::Image,
        question: |text| json!({ "prompt": text }),
        list: "data",
        counted: 1,
        most_output: 6_240,
        repeatable: false,
        form: false,
        streams: Some(Streams {
            passing: "image_generation.partial_image",
            last: "image_generation.completed",
            asked: || json!({"stream": true, "partial_images": 2}),
        }),
        prices: "image_output_price = 40000000000",
        priced: |usage| count(usage, "input_tokens") * 1_000 + count(usage, "output_tokens") * 40_000,
    },
    Whole {
        name: "images by the piece",
        model: "test/pieces",
        provider: "portkey",
        second: "openrouter",
        format: Format::ImageGeneration,
        route: "images_generate",
        kind: Kind::Image,
        question: |text| json!({ "prompt": text, "size": "1024x1024", "quality": "low" }),
        list: "data",
        counted: 0,
        most_output: 6_240,
        repeatable: false,
        form: false,
        streams: Some(Streams {
            passing: "image_generation.partial_image",
            last: "image_generation.completed",
            asked: || json!({"stream": true, "partial_images": 2}),
        }),
        prices: r#"image_price = 90000000, image_prices = '{"1024x1024/low": 30000000}'"#,
        priced: |usage| {
            count(usage, "input_tokens") * 1_000
                + count(usage, "output_tokens") * 2_000
                + count(usage, "images") * 30_000_000
        },
    },
    Whole {
        name: "image edits",
        model: "test/edits",
        provider: "openai",
        second: "portkey",
        format: Format::ImageEdit,
        route: "v1_images_edits",
        kind: Kind::Image,
        question: |text| json!({ "prompt": text, "image": "data:image/png;base64,iVBORw0KGgo=" }),
        list: "data",
        // The prompt's word, and the image at the most that one has.
        counted: 1_001,
        most_output: 6_240,
        repeatable: false,
        form: true,
        streams: Some(Streams {
            passing: "image_edit.partial_image",
            last: "image_edit.completed",
            asked: || json!({"stream": true, "partial_images": 2}),
        }),
        prices: "image_output_price = 40000000000",
        priced: |usage| count(usage, "input_tokens") * 1_000 + count(usage, "output_tokens") * 40_000,
    },
    Whole {
        name: "pictures in a chat",
        model: "test/drawing",
        provider: "openrouter",
        second: "portkey",
        format: Format::Chat,
        route: "v1_chat_completions",
        kind: Kind::Chat,
        question: |text| {
            let messages = json!([{ "role": "user", "content": text }]);
            json!({ "messages": messages, "modalities": ["image", "text"], "max_tokens": 4096 })
        },
        list: "choices",
        // How large a picture is nobody can see.
        counted: 0,
        most_output: 16_384,
        repeatable: false,
        form: false,
        // Its streams are a chat's, and have tests of their own.
        streams: None,
        prices: "image_output_price = 40000000000",
        priced: |usage| {
            let drawn = count(&usage["completion_tokens_details"], "image_tokens");
            let written = count(usage, "completion_tokens") - drawn;
            count(usage, "prompt_tokens") * 1_000 + written * 2_000 + drawn * 40_000
        },
    },
    Whole {
        name: "speech by tokens",
        model: "test/spoken",
        provider: "openai",
        second: "portkey",
        format: Format::Speech,
        route: "v1_audio_speech",
        kind: Kind::Speech,
        question: |text| json!({ "input": text, "voice": "alloy" }),
        list: "",
        counted: 0,
        most_output: 16_384,
        repeatable: true,
        form: false,
        streams: Some(Streams {
            passing: "speech.audio.delta",
            last: "speech.audio.done",
            asked: || json!({"stream_format": "sse"}),
        }),
        prices: "audio_output_price = 12000000000",
        // Hello is a token, and its sound ten.
        priced: |_| 1_000 + 10 * 12_000,
    },
    Whole {
        name: "transcriptions",
        model: "test/transcription",
        provider: "openai",
        second: "portkey",
        format: Format::Transcription,
        route: "v1_audio_transcriptions",
        kind: Kind::Transcription,
        question: |text| json!({ "prompt": text, "input_audio": {"data": STANDARD.encode(second()), "format": "wav"} }),
        list: "text",
        // Of a second of sound.
        counted: 10,
        most_output: 2_000,
        repeatable: false,
        form: true,
        streams: Some(Streams {
            passing: "transcript.text.delta",
            last: "transcript.text.done",
            asked: || json!({"stream": true}),
        }),
        prices: "audio_input_price = 6000000000",
        priced: |usage| {
            let heard = count(&usage["input_token_details"], "audio_tokens");
            (count(usage, "input_tokens") - heard) * 1_000 + heard * 6_000 + count(usage, "output_tokens") * 2_000
        },
    },
    Whole {
        name: "translations",
        model: "test/translation",
        provider: "openai",
        second: "portkey",
        format: Format::Translation,
        route: "v1_audio_translations",
        kind: Kind::Transcription,
        question: |text| json!({ "prompt": text, "input_audio": {"data": STANDARD.encode(second()), "format": "wav"} }),
        list: "text",
        counted: 1,
        most_output: 2_000,
        repeatable: false,
        form: true,
        streams: None,
        // By the second, as Whisper.
        prices: "prompt_price = 0, cached_price = null, completion_price = 0, second_price = 100000",
        priced: |usage| count(usage, "seconds") * 100_000,
    },
];

/// A second of sound, as a WAV file: 8 000 bytes.
fn second() -> Vec<u8> {
    let head = b"RIFF\x64\x1f\0\0WAVEfmt \x10\0\0\0\x01\0\x01\0\x40\x1f\0\0\x40\x1f\0\0\x01\0\x08\0data\x14\x1f\0\0";
    let mut file = head.to_vec();
    file.resize(8_000, 0x80);
    file
}

fn count(usage: &Value, name: &str) -> i64 {
    usage[name].as_i64().unwrap_or_default()
}
