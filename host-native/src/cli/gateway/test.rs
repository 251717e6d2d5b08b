//! `muster gateway test`: a prompt through the gateway and its answer back.

use std::time::Duration;

use clap::Args;
use serde_json::json;

use super::live::{Live, LiveArgs, block_on};
use crate::cli::Context;
use crate::error::{Answer, Failure};
use crate::gateway::{Bundle, roundtrip};
use crate::render;

/// How long an answer may take, by default.
const ANSWER_S: u32 = 60;

/// Send a test event and a prompt through the gateway, and see whether the answer comes back
#[derive(Args, Debug)]
#[command(after_help = "Example:\n  muster gateway test\n\n\
        This writes: one event into the gateway's queue, which is taken back where\n\
        nobody takes it, and one prompt into its model session, which costs a few\n\
        tokens. That a queue is drained does not show that anything is answered; the\n\
        answer does.\n\n\
        Exit status: 0 the answer came back, 1 it did not or could not be asked for.")]
pub(crate) struct Test {
    #[command(flatten)]
    live: LiveArgs,
    /// Wait so long for the answer
    #[arg(long, value_name = "SECONDS", default_value_t = ANSWER_S, value_parser = clap::value_parser!(u32).range(1..=3600))]
    timeout: u32,
}

impl Test {
    pub(crate) fn run(&self, context: &Context) -> Result<Answer, Failure> {
        let profile = self.live.profile(context)?;
        let now = context.clock.now();
        let limit = Duration::from_secs(self.timeout.into());
        let view = block_on(async { Ok(roundtrip(&profile, now, limit).await) })?;
        context.answer(&view, render::gateway_test)?;
        Ok(Answer::of(view.passed))
    }
}

/// Runs the test for a diagnosis.
pub(super) async fn into_bundle(live: &Live, bundle: &mut Bundle) {
    let now = crate::clock::Clock::default().now();
    let limit = Duration::from_secs(ANSWER_S.into());
    let view = roundtrip(&live.profile, now, limit).await;
    // A test that could not be begun has shown nothing.
    let ran = view.drained.is_some();
    let error = view.errors.last().cloned();
    bundle.notes.extend(view.errors);
    bundle.evidence.insert(
        "e2e".to_owned(),
        json!({
            "ran": ran,
            "drained": view.drained,
            "answered": view.answered,
            "error": error,
        }),
    );
}
