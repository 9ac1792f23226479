//! A program's lines to its user.

use std::fmt::Display;
use std::io::Write;

use crate::group::talks;

/// Writes a line to standard output, in a [group](crate::group()) by its first process. If nobody reads it
/// any more, as after `| head`, the program goes on without.
pub fn say(line: impl Display) {
    if talks() {
        let _ = writeln!(std::io::stdout(), "{line}");
    }
}
