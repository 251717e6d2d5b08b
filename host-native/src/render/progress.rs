//! A bar on the terminal while much is read.

use std::sync::OnceLock;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::files::Progress;

/// Less than this is read before a bar could be seen.
const WORTH_A_BAR: u64 = 256 << 20;

/// A bar on the standard error, or none.
#[derive(Debug, Default)]
pub struct Bar {
    wanted: bool,
    bar: OnceLock<ProgressBar>,
}

/// A bar that shows if `wanted` and if there is much to read.
pub fn progress_bar(wanted: bool) -> Bar {
    Bar {
        wanted,
        bar: OnceLock::new(),
    }
}

impl Progress for Bar {
    fn begin(&self, bytes: u64) {
        if !self.wanted || bytes < WORTH_A_BAR {
            return;
        }
        let bar =
            ProgressBar::with_draw_target(Some(bytes), ProgressDrawTarget::stderr_with_hz(10));
        let style = ProgressStyle::with_template("reading {bar:40} {bytes}/{total_bytes} {eta}")
            .map(|style| style.progress_chars("=> "));
        if let Ok(style) = style {
            bar.set_style(style);
        }
        let _ = self.bar.set(bar);
    }

    fn advance(&self, bytes: u64) {
        if let Some(bar) = self.bar.get() {
            bar.inc(bytes);
        }
    }

    fn end(&self) {
        if let Some(bar) = self.bar.get() {
            bar.finish_and_clear();
        }
    }
}
