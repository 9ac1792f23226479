//! Files that grow by a line at a time, taken up by a resumed run.

use std::path::Path;

use crate::TrainError;
use crate::run_dir::write_whole;

/// The whole lines of a file, none if it is not there. A kill may leave half of the last one: what
/// has no end is no line.
pub(super) fn whole_lines(path: &Path) -> Result<Vec<String>, TrainError> {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(TrainError::Io { path: path.to_owned(), source }),
    };
    let text = String::from_utf8_lossy(&bytes);
    let whole = text.rfind('\n').map_or("", |end| &text[..=end]);
    Ok(whole.lines().map(str::to_owned).collect())
}

/// Keeps the whole lines that are wanted, of a file that may not be there.
pub(super) fn retain_lines(
    path: &Path,
    mut wanted: impl FnMut(usize, &str) -> bool,
) -> Result<(), TrainError> {
    if !path.exists() {
        return Ok(());
    }
    let lines = whole_lines(path)?.into_iter().enumerate();
    let kept = lines.filter(|(number, line)| wanted(*number, line));
    let text: String = kept.map(|(_, line)| line + "\n").collect();
    write_whole(path, text.as_bytes())
}
