//! How long a script may run.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use mlua::{HookTriggers, Lua};

use super::error::ScriptError;

/// How many instructions of the Lua machine a script may run: far above any honest one, and over in about a second.
/// Redis would let it run on and answer BUSY to everyone else, which here would hang the whole platform.
const INSTRUCTIONS: u32 = 10_000_000;
/// How often they are counted.
const STEP: u32 = 10_000;

/// What is left of the running script's instructions.
#[derive(Clone, Default)]
pub(super) struct Budget {
    steps_left: Arc<AtomicU32>,
}

impl Budget {
    /// Puts the counter into the interpreter.
    pub(super) fn install(lua: &Lua) -> mlua::Result<Self> {
        let budget = Self::default();
        budget.watch(lua)?;
        Ok(budget)
    }

    fn watch(&self, lua: &Lua) -> mlua::Result<()> {
        let steps_left = Arc::clone(&self.steps_left);
        lua.set_hook(HookTriggers::new().every_nth_instruction(STEP), move |lua, _| {
            let left = steps_left.load(Ordering::Relaxed);
            if left > 0 {
                steps_left.store(left - 1, Ordering::Relaxed);
                return Ok(mlua::VmState::Continue);
            }
            // From here on every instruction fails, so that no pcall of the script can go on.
            lua.set_hook(HookTriggers::new().every_nth_instruction(1), |_, _| Err(exhausted()))?;
            Err(exhausted())
        })
    }

    /// Gives the next script a full budget.
    pub(super) fn refill(&self, lua: &Lua) -> mlua::Result<()> {
        let was_exhausted = self.steps_left.swap(INSTRUCTIONS / STEP, Ordering::Relaxed) == 0;
        if was_exhausted {
            self.watch(lua)?;
        }
        Ok(())
    }
}

fn exhausted() -> mlua::Error {
    ScriptError::Lua(format!("the script was stopped after {INSTRUCTIONS} instructions")).into()
}
