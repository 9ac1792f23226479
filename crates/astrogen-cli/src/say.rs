//! A program's lines to its user.

use std::fmt::Display;
use std::io::Write;

/// Writes a line to standard output. If nobody reads it any more, as after `| head`, the
/// program goes on without.
pub fn say(line: impl Display) {
    let _ = writeln!(std::io::stdout(), "{line}");
}
