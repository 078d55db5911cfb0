//! An answer that is one JSON object and never a stream: what those formats share whose models write no text.

use bytes::Bytes;
use serde_json::{Map, Value};

use super::openai::body::GatewayNote;
use super::openai::glance;
use super::{Answer, Bill, Broken, Progress, Report, Target, Written};
use crate::error::Error;
use crate::object::Object;
use crate::providers::internal;

/// The inside of such an answer.
pub trait Shape: Send + Sync + 'static {
    /// The member without which it is none.
    const MEMBER: &'static str;

    /// Whether that member is as it should be: a list.
    fn is_one(member: &str) -> bool {
        member.starts_with('[')
    }

    /// What the provider reports of it; `None` where it says nothing.
    fn report(&self, answer: &Object<'_>) -> Option<Report>;

    /// `usage` as the client sees it, without the cost.
    ///
    /// # Errors
    /// None in practice: a figure is JSON.
    fn shown(&self, answer: &Object<'_>, bill: &Bill<'_>) -> serde_json::Result<Object<'static>>;

    /// The answer as a text, where the client asked for one: a text has no room for a bill.
    ///
    /// # Errors
    /// When it is not as it should be.
    fn text(&self, _answer: &Object<'_>) -> serde_json::Result<Option<String>> {
        Ok(None)
    }

    /// What of it is text that the model wrote.
    fn written(&self, _answer: &Object<'_>) -> Written {
        Written::default()
    }

    /// Gives the rest of the answer the form that the client asked for.
    ///
    /// # Errors
    /// When it is not as it should be.
    fn finish(&self, _answer: &mut Object<'_>) -> serde_json::Result<()> {
        Ok(())
    }
}

/// An answer as it comes in.
pub struct WholeAnswer<S: Shape> {
    /// The model's id in the catalog.
    model: String,
    shape: S,
    body: Option<Bytes>,
    report: Option<Report>,
}

impl<S: Shape> WholeAnswer<S> {
    /// Of the model that `target` serves.
    #[must_use]
    pub fn of(target: &Target<'_>, shape: S) -> Self {
        Self { model: target.id.to_owned(), shape, body: None, report: None }
    }

    fn billed(&self, body: &[u8], bill: &Bill<'_>) -> serde_json::Result<Bytes> {
        let mut answer: Object<'_> = serde_json::from_slice(body)?;
        if let Some(text) = self.shape.text(&answer)? {
            return Ok(text.into());
        }
        self.shape.finish(&mut answer)?;
        let mut usage = self.shape.shown(&answer, bill)?;
        // What is between the provider and us stays here.
        answer.remove_all(&internal::OF_ANSWERS);
        usage.remove_all(&internal::OF_USAGE);
        bill.write_cost(&mut usage)?;
        answer.set("model", &self.model)?;
        answer.set("provider", bill.provider)?;
        answer.set("usage", &usage)?;
        answer.set("gateway", &GatewayNote::of(bill))?;
        serde_json::to_vec(&answer).map(Bytes::from)
    }
}

impl<S: Shape> Answer for WholeAnswer<S> {
    /// Nobody was asked for events.
    fn push(&mut self, _: Bytes, _: &mut Vec<Bytes>) -> Result<(), Broken> {
        Err(Broken::Garbled)
    }

    fn end(&mut self, _: &mut Vec<Bytes>) -> Result<(), Broken> {
        Ok(())
    }

    fn whole(&mut self, body: Bytes, _: Option<&mut Vec<Bytes>>) -> Result<(), Broken> {
        let answer: Object<'_> = serde_json::from_slice(&body).map_err(|_| Broken::Garbled)?;
        if let Some(error) = glance::error(&answer) {
            return Err(error);
        }
        if !answer.get(S::MEMBER).is_some_and(S::is_one) {
            return Err(Broken::Garbled);
        }
        self.report = self.shape.report(&answer);
        self.body = Some(body.clone());
        Ok(())
    }

    fn progress(&self) -> Progress {
        if self.body.is_some() { Progress::Done } else { Progress::Waiting }
    }

    fn report(&self) -> Option<Report> {
        self.report
    }

    fn written(&self) -> Written {
        let answer = self.body.as_ref().and_then(|body| serde_json::from_slice::<Object<'_>>(body).ok());
        answer.map(|answer| self.shape.written(&answer)).unwrap_or_default()
    }

    /// What comes whole is no conversation.
    fn said(&self) -> Option<Map<String, Value>> {
        None
    }

    fn plain(&self, bill: &Bill<'_>) -> Result<Bytes, Broken> {
        let body = self.body.as_ref().ok_or(Broken::Garbled)?;
        self.billed(body, bill).map_err(|_| Broken::Garbled)
    }

    fn close(&self, _: Option<&Bill<'_>>) -> serde_json::Result<Bytes> {
        Ok(Bytes::new())
    }

    fn wants_bill(&self) -> bool {
        false
    }

    fn fail(&self, _: &Error) -> Bytes {
        Bytes::new()
    }
}
