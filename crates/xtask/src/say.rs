//! Lines for whoever started the program. If nobody reads them any more, as after `| head`, it
//! goes on without.

use std::fmt::Display;
use std::io::Write;

/// A result, on standard output.
pub(crate) fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}

/// What is going on, on standard error.
pub(crate) fn note(line: impl Display) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
