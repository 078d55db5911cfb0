//! Which calls are traced.

use super::context::{TraceContext, TraceId};
use crate::config::Sampler;

/// Whether a call in this trace is traced, whose caller has told this place. By its part of all traces, every service that goes by
/// the same part chooses the same: by the low 63 bits of the id, as OpenTelemetry's own samplers do.
#[must_use]
pub fn is_traced(sampler: Sampler, parent: Option<TraceContext>, trace: TraceId) -> bool {
    if let Some(parent) = parent.filter(|_| sampler.goes_by_caller) {
        return parent.sampled;
    }
    #[expect(clippy::cast_precision_loss, reason = "as exact as a chance need be")]
    let chance = (trace.chance() >> 1) as f64 / (1_u64 << 63) as f64;
    sampler.part >= 1.0 || chance < sampler.part
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sampled(part: f64) -> usize {
        let sampler = Sampler { goes_by_caller: true, part };
        let traces = (0..4000).filter_map(|_| TraceContext::within(None, |trace| is_traced(sampler, None, trace)));
        traces.filter(|context| context.sampled).count()
    }

    #[test]
    fn so_many_traces_are_sampled_as_their_part_says() {
        assert_eq!((sampled(0.0), sampled(1.0)), (0, 4000));
        // Eleven standard deviations on each side.
        let quarter = sampled(0.25);
        assert!((700..1300).contains(&quarter), "{quarter}");
    }

    #[test]
    fn the_callers_word_holds_where_it_is_gone_by() {
        let told = |sampled| TraceContext::within(None, |_| sampled);
        for (goes_by_caller, part, caller, traced) in
            [(true, 0.0, true, true), (true, 1.0, false, false), (false, 0.0, true, false), (false, 1.0, false, true)]
        {
            let (sampler, parent) = (Sampler { goes_by_caller, part }, told(caller));
            let context = TraceContext::within(parent, |trace| is_traced(sampler, parent, trace));
            assert_eq!(context.map(|context| context.sampled), Some(traced), "{sampler:?}, {caller}");
        }
    }
}
