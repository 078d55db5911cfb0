//! What a route's price may be, in dollars.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use utoipa::ToSchema;

use crate::error::{Error, Result};
use crate::integer::Integer;
use crate::money::Nanos;

/// The dearest price: a million dollars of a million tokens.
const DEAREST: i64 = 999_999_999_999_999;

/// Declares the kinds of a price once: their members, and how they go to the database.
macro_rules! kinds {
    ($($(#[doc = $what:literal])+ $name:ident,)+) => {
        /// Prices in dollars. What is left out costs what its kind does: a token that is cached, written, pictured or heard what a
        /// prompt token does, one that is thought, drawn or spoken what a completion token does; a unit nothing.
        #[derive(Clone, Debug, Default, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct RoutePrice {
            $($(#[doc = $what])+
            pub $name: Option<Nanos>,)+
            /// For an image in the prompt, beside its tokens.
            pub prompt_image: Option<Nanos>,
            /// Those of longer prompts.
            #[schema(max_items = 10)]
            pub tiers: Option<Vec<PriceTier>>,
            /// Those at other hours.
            #[schema(max_items = 10)]
            pub windows: Option<Vec<PriceWindow>>,
        }

        /// Prices of prompts that are longer than so many tokens; what is left out stays.
        #[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct PriceTier {
            /// Strictly more tokens than that.
            #[schema(value_type = i64, minimum = 1, maximum = 999_999_999)]
            pub above: Integer,
            $($(#[doc = $what])+
            pub $name: Option<Nanos>,)+
        }

        /// Prices of certain hours of a day, in UTC; what is left out stays.
        #[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        pub struct PriceWindow {
            /// From this minute on.
            #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
            pub from: String,
            /// Until this one, which is not in it and may be on the next day.
            #[schema(pattern = "^([01][0-9]|2[0-3]):[0-5][0-9]$")]
            pub until: String,
            $($(#[doc = $what])+
            pub $name: Option<Nanos>,)+
        }

        impl RoutePrice {
            fn kinds(&self) -> Result<Map<String, Value>> {
                whole([$((stringify!($name), self.$name)),+])
            }
        }

        impl PriceTier {
            fn kinds(&self) -> Result<Map<String, Value>> {
                whole([$((stringify!($name), self.$name)),+])
            }
        }

        impl PriceWindow {
            fn kinds(&self) -> Result<Map<String, Value>> {
                whole([$((stringify!($name), self.$name)),+])
            }
        }
    };
}

kinds! {
    /// Of a million prompt tokens.
    prompt,
    /// Of a million prompt tokens that the provider had cached.
    cached,
    /// Of a million that it writes into its cache for minutes.
    written,
    /// Of a million that it writes for an hour; left out: that is not offered.
    written_long,
    /// Of a million prompt tokens of images.
    image_input,
    /// Of a million prompt tokens of sound.
    audio_input,
    /// Of a million tokens of the answer.
    completion,
    /// Of a million tokens of reasoning.
    reasoning,
    /// Of a million tokens of images in the answer.
    image_output,
    /// Of a million tokens of sound in the answer.
    audio_output,
    /// Of a request.
    request,
    /// Of an image that is made.
    image,
    /// Of a search.
    search,
    /// Of a second of sound.
    second,
    /// Of a million characters.
    character,
}

/// Those that are given, in nano-dollars.
fn whole<const N: usize>(kinds: [(&'static str, Option<Nanos>); N]) -> Result<Map<String, Value>> {
    let mut whole = Map::new();
    for (kind, nanos) in kinds {
        let Some(nanos) = nanos else { continue };
        if !(0..=DEAREST).contains(&nanos.0) {
            return Err(Error::invalid("price", format!("`{kind}` is from 0 to a million dollars.")));
        }
        whole.insert(kind.to_owned(), json!(nanos.0));
    }
    Ok(whole)
}

impl RoutePrice {
    /// As `gateway.set_route` takes it.
    ///
    /// # Errors
    /// 400 that names `price`.
    pub fn request(&self) -> Result<Value> {
        let refuse = |message: &'static str| Err(Error::invalid("price", message));
        let mut price = self.kinds()?;
        if self.prompt.is_none() || self.completion.is_none() {
            return refuse("A price has `prompt` and `completion`, which may be 0.");
        }
        if self.image_output.is_some() && self.image.is_some() {
            return refuse("Images are sold by the piece, `image`, or by their tokens, `image_output`.");
        }
        if let Some(image) = self.prompt_image {
            price.append(&mut whole([("prompt_image", Some(image))])?);
        }
        if let Some(tiers) = self.tiers.as_ref().filter(|tiers| !tiers.is_empty()) {
            let mut read = Vec::new();
            for tier in tiers.iter().take(11) {
                if !(1..=999_999_999).contains(&tier.above.0) {
                    return refuse("A tier's `above` is a number of tokens from 1 to 999999999.");
                }
                let mut kinds = tier.kinds()?;
                kinds.insert("above".to_owned(), json!(tier.above.0));
                read.push(kinds);
            }
            if read.len() > 10 {
                return refuse("A price has at most 10 tiers.");
            }
            price.insert("tiers".to_owned(), json!(read));
        }
        if let Some(windows) = self.windows.as_ref().filter(|windows| !windows.is_empty()) {
            let mut read = Vec::new();
            for window in windows.iter().take(11) {
                if !is_minute(&window.from) || !is_minute(&window.until) {
                    return refuse("A window's `from` and `until` are minutes of a day, such as 16:30.");
                }
                let mut kinds = window.kinds()?;
                kinds.insert("from".to_owned(), json!(window.from));
                kinds.insert("until".to_owned(), json!(window.until));
                read.push(kinds);
            }
            if read.len() > 10 {
                return refuse("A price has at most 10 windows.");
            }
            price.insert("windows".to_owned(), json!(read));
        }
        Ok(Value::Object(price))
    }
}

/// `00:00` to `23:59`.
fn is_minute(text: &str) -> bool {
    let [a, b, b':', c, d] = text.as_bytes() else { return false };
    let hour = a.is_ascii_digit() && b.is_ascii_digit() && (a - b'0') * 10 + (b - b'0') < 24;
    hour && (b'0'..=b'5').contains(c) && d.is_ascii_digit()
}
