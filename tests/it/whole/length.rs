//! A sound is held for by the length that whoever decodes it finds, not by what its file says of itself.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use tests::answer::Answer;
use tests::whole::WHOLES;
use tests::world::Deployment;

use super::{newest, serving};

/// What a second costs, of the model that is sold by seconds.
const SECOND: u64 = 100_000;

/// FLAC at 16 kHz whose head says so many samples, with so many frames of 256 ms.
fn flac(told: u64, frames: u8) -> Vec<u8> {
    let crc = |bytes: &[u8]| {
        let shifted = |sum: u8, _| if sum >= 0x80 { sum << 1 ^ 7 } else { sum << 1 };
        bytes.iter().fold(0, |sum: u8, byte| (0..8).fold(sum ^ byte, shifted))
    };
    let info = (16_000_u64 << 44 | told).to_be_bytes();
    let mut file = [&b"fLaC\x80\0\0\x22"[..], &[0; 10], &info, &[0; 16]].concat();
    for number in 0..frames {
        let head = [0xFF, 0xF8, 0xC0, 0x08, number];
        file.extend([&head[..], &[crc(&head)], &[0; 5]].concat());
    }
    file
}

/// A WAV file of 60 000 bytes whose extensible head says eight channels of 32 bits at 192 kHz, of this codec.
fn wave(codec: u16) -> Vec<u8> {
    let rate = 192_000_u32.to_le_bytes();
    let head = [&b"RIFF\0\0\0\0WAVEfmt \x28\0\0\0\xFE\xFF\x08\0"[..], &rate, &[0; 6], &[32, 0, 22], &[0; 7]].concat();
    let mut file = [head, codec.to_le_bytes().to_vec()].concat();
    file.resize(60_000, 0);
    file
}

#[tokio::test]
async fn no_file_talks_its_length_down() {
    let whole = WHOLES.iter().find(|whole| whole.name == "translations").expect("a row");
    let (world, account) = serving(&Deployment::new().await, whole, "normal").await;
    for (file, format, seconds) in [
        (flac(16_000, 4), "flac", 2),
        (flac(16_000, 125), "flac", 32),
        (flac(0, 125), "flac", 32),
        (flac(64_000, 4), "flac", 4),
        (wave(1), "wav", 1),
        (wave(0x55), "wav", 80),
    ] {
        let sound = json!({"input_audio": {"data": STANDARD.encode(&file), "format": format}});
        let answer = Answer::to(world.request(whole, &account.key, &whole.hello(&sound))).await;
        assert_eq!(answer.status, 200, "{}", answer.text);
        world.settled().await;
        assert_eq!(newest(&world).await["held"], seconds * SECOND, "{format}");
    }
    world.assert_ledger_clean().await;
}
