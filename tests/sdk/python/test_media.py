"""openai-python with files: transcripts, translations and edits of images; and speech, as bytes and as events."""

import base64
import io
import wave

import openai
import pytest
from conftest import create_account, exact, settled_balance

BY_SECONDS, BY_TOKENS = "openai/whisper-1", "gpt-4o-transcribe"
SPEECH, SPEECH_BY_TOKENS = "openai/tts-1", "gpt-4o-mini-tts"
IMAGES = "openai/gpt-image-1-mini"
PNG = ("a.png", b"\x89PNG\r\n\x1a\n", "image/png")


@pytest.fixture
def sound() -> io.BytesIO:
    """Two seconds of silence."""
    file = io.BytesIO()
    with wave.open(file, "wb") as out:
        out.setparams((1, 1, 8_000, 0, "NONE", ""))
        out.writeframes(b"\x80" * 16_000)
    file.seek(0)
    file.name = "silence.wav"
    return file


@pytest.mark.parametrize("model", [BY_SECONDS, BY_TOKENS])
def test_a_transcript_is_json_or_a_text(client, sound, model):
    transcript = client.audio.transcriptions.create(model=model, file=sound, language="en", prompt="Lighthouse")
    assert transcript.text and transcript.usage.type == ("tokens" if model == BY_TOKENS else "duration")
    sound.seek(0)
    text = client.audio.transcriptions.create(model=model, file=sound, response_format="text", prompt="Lighthouse")
    assert text == transcript.text + "\n"


def test_a_verbose_transcript_has_its_seconds_and_captions_their_times(client, sound):
    verbose = client.audio.transcriptions.create(
        model=BY_SECONDS, file=sound, response_format="verbose_json", timestamp_granularities=["segment"]
    )
    assert verbose.segments and (verbose.usage.type, verbose.usage.seconds) == ("duration", 2)
    for wanted, begins in [("srt", "1\n00:00:00,000 --> "), ("vtt", "WEBVTT\n\n00:00:00.000 --> ")]:
        sound.seek(0)
        captions = client.audio.transcriptions.create(model=BY_SECONDS, file=sound, response_format=wanted)
        assert captions.startswith(begins), captions


def test_a_transcript_comes_while_it_is_written(client, sound):
    *pieces, last = client.audio.transcriptions.create(model=BY_TOKENS, file=sound, stream=True)
    assert {event.type for event in pieces} == {"transcript.text.delta"}
    assert last.type == "transcript.text.done" and "".join(event.delta for event in pieces) == last.text
    assert last.usage.total_tokens > 0


def test_a_translation_is_one(client, sound):
    assert client.audio.translations.create(model=BY_SECONDS, file=sound).text


def test_images_are_edited_one_or_several_and_in_parts(client):
    answer = client.images.edit(model=IMAGES, image=PNG, mask=PNG, prompt="A hat", n=2, quality="low")
    assert [bool(base64.b64decode(image.b64_json)) for image in answer.data] == [True, True]
    assert answer.usage.total_tokens > 0
    several = client.images.edit(model=IMAGES, image=[PNG, PNG], prompt="Both in a boat", input_fidelity="high")
    assert len(several.data) == 1
    *partial, last = client.images.edit(model=IMAGES, image=PNG, prompt="A hat", stream=True, partial_images=2)
    assert [event.type for event in partial] == ["image_edit.partial_image"] * 2
    assert (last.type, last.usage.total_tokens > 0) == ("image_edit.completed", True)


@pytest.mark.parametrize("model", [SPEECH, SPEECH_BY_TOKENS])
def test_speech_is_bytes_that_come_while_they_are_made(client, model):
    with client.audio.speech.with_streaming_response.create(model=model, input="Hello", voice="alloy") as answer:
        assert answer.headers["content-type"] == "audio/mpeg"
        sound = b"".join(answer.iter_bytes())
    assert len(sound) == 2 + 100 * len("Hello")
    whole = client.audio.speech.create(model=model, input="Hello", voice="alloy", response_format="wav")
    assert whole.content == sound


def test_speech_is_events_where_the_model_has_them(client):
    with client.audio.speech.with_streaming_response.create(
        model=SPEECH_BY_TOKENS, input="Hello", voice="alloy", stream_format="sse"
    ) as answer:
        text = answer.read().decode()
    assert text.count("speech.audio.delta") > 1 and '"cost"' in text
    with pytest.raises(openai.BadRequestError) as refused:
        client.audio.speech.create(model=SPEECH, input="Hello", voice="alloy", stream_format="sse")
    assert "stream_format" in str(refused.value)


def test_the_balance_falls_by_exactly_what_they_cost(connect, sound):
    key = create_account(credits=5, plan="customize")
    recorder, before = connect(key), settled_balance(key)
    client = recorder.client
    answers = [client.images.with_raw_response.edit(model=IMAGES, image=PNG, prompt="A hat", quality="low")]
    for model in (BY_SECONDS, BY_TOKENS):
        sound.seek(0)
        answers.append(client.audio.transcriptions.with_raw_response.create(model=model, file=sound, response_format="json"))
    costs = [exact(answer.text)["usage"]["cost"] for answer in answers]
    assert before - settled_balance(key) == sum(costs) > 0


def test_what_is_too_large_says_how_large_it_may_be(client):
    with pytest.raises(openai.APIStatusError) as refused:
        client.audio.transcriptions.create(model=BY_SECONDS, file=("a.mp3", b"\0" * 5_000_000))
    assert refused.value.status_code == 413 and "4.5 MB" in str(refused.value)
