//! A call that may be answered by one of several models. It is one call: held once, at the dearest of them, and counted once. Where one
//! comes to nothing the next is asked, each with its own routes, prices and limits; the one that answers is charged and named.

use std::slice;
use std::sync::Arc;

use super::admit::Admitted;
use super::context::Call;
use crate::credits::hold::Hold;
use crate::error::{Code, Error};
use crate::formats::Request;

impl Call {
    /// The request for each of the models that may answer, in turn.
    pub fn requests(&self) -> impl Iterator<Item = &Arc<dyn Request>> {
        slice::from_ref(&self.request).iter().chain(&self.alternatives)
    }

    /// Makes the call ready for the providers of the first of its models that has room for the prompt.
    ///
    /// # Errors
    /// What the caller is told where none has.
    pub async fn prepare(&mut self, admitted: &mut Admitted) -> Result<(), Error> {
        self.take_turn(admitted);
        let hold = &mut admitted.hold;
        if let Some(turn) = &self.turn {
            self.request = turn.join(&self.app, self.request.clone(), hold).await?;
        }
        if let Some(stored) = &mut self.stored {
            self.request = stored.join(&self.app, hold).await?;
        }
        match fit(self, hold).await {
            Ok(()) => Ok(()),
            Err(error) => self.turn_to_next(admitted, error).await,
        }
    }

    /// Turns to the next of the models that has room for the prompt.
    ///
    /// # Errors
    /// What the caller is told where none is left, or what has come would befall it at any other, too.
    pub async fn turn_to_next(&mut self, admitted: &mut Admitted, mut error: Error) -> Result<(), Error> {
        while is_about_the_model(&error) && !self.remaining().is_zero() {
            if !admitted.hold.turn_to_next() {
                return Err(admitted.hold.refusal_behind().unwrap_or(error));
            }
            self.take_turn(admitted);
            match fit(self, &mut admitted.hold).await {
                Ok(()) => return Ok(()),
                Err(too_long) => error = too_long,
            }
        }
        Err(error)
    }

    /// Goes by the request and the routes of the model whose turn it is.
    pub fn take_turn(&mut self, admitted: &mut Admitted) {
        let place = admitted.hold.place;
        let of_it = place.checked_sub(1).and_then(|further| self.alternatives.get(further));
        if let Some(request) = of_it {
            self.request = request.clone();
        }
        admitted.lease.turn_to(place);
    }
}

/// Leaves the prompt its room in the model's context where the output limit is ours to choose: no provider takes a
/// request whose prompt and limit are more than the context. The client's own limit stays as it is.
async fn fit(call: &Call, hold: &mut Hold) -> Result<(), Error> {
    let (demand, context) = (call.demand(), hold.context_length);
    let chosen = if demand.output_limit.is_none() { hold.output_limit } else { 0 };
    if context == 0 || demand.prompt.is_several || demand.prompt.surely_fits(context, chosen) {
        return Ok(());
    }
    let asked = call.request.clone();
    let counting = tokio::task::spawn_blocking(move || asked.demand().prompt.room(&asked.prompt_text(), context));
    let Ok(room) = counting.await else { return Ok(()) };
    let room = room.map_err(|counted| {
        let told = format!("The prompt has {counted} tokens or more; this model's context length is {context} tokens.");
        Error::new(Code::ContextLengthExceeded).with_message(told).with_param(demand.prompt.member)
    })?;
    if chosen > room {
        hold.output_limit = room;
        hold.credit_limited = false;
    }
    Ok(())
}

/// Whether another model may answer what this one did not: a provider's failure or refusal, and what the model cannot take. What the
/// caller lacks, it lacks with any model.
const fn is_about_the_model(error: &Error) -> bool {
    matches!(
        error.code,
        Code::UpstreamError
            | Code::UpstreamTimeout
            | Code::UpstreamUnavailable
            | Code::UpstreamRateLimited
            | Code::UpstreamRejected
            | Code::NoProvider
            | Code::ContextLengthExceeded
    )
}
