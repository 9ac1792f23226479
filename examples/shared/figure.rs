//! Figures that may be left out.

use anyhow::Result;
use astrogen::plot::PlotError;

use astrogen_cli::say;

/// Goes on without a figure that cannot be drawn, and says why; a file that cannot be written is
/// an error.
pub(crate) fn or_left_out(file: &str, drawn: Result<(), PlotError>) -> Result<(), PlotError> {
    match drawn {
        Err(error @ PlotError::Write { .. }) => Err(error),
        Err(error) => {
            say(format_args!("{file} is left out: {error}"));
            Ok(())
        }
        Ok(()) => Ok(()),
    }
}
