//! What other programs of the machine say.

use std::path::Path;
use std::process::Command;

/// What a command prints to standard output; `None` when it is missing or fails.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.output().ok().filter(|output| output.status.success())?;
    Some(String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// The libraries that a library needs and the loader does not find; `None` where `ldd`
/// cannot say.
pub(crate) fn missing_libraries(library: &Path) -> Option<Vec<String>> {
    let mut ldd = Command::new("ldd");
    // Programs find libtorch by their rpath, not by the variable of this shell.
    ldd.arg(library).env_remove("LD_LIBRARY_PATH");
    output(&mut ldd).map(|text| not_found(&text))
}

fn not_found(ldd: &str) -> Vec<String> {
    ldd.lines()
        .filter_map(|line| line.trim().strip_suffix("=> not found"))
        .map(|name| name.trim().to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_libraries_are_read_from_ldd() {
        let text = "\tlinux-vdso.so.1 (0x00007ffd)\n\tlibcublas.so.13 => not found\n\
                    \tlibc10.so => /t/lib/libc10.so (0x00007f)\n\tlibcudnn.so.9 => not found\n";
        assert_eq!(not_found(text), ["libcublas.so.13", "libcudnn.so.9"]);
    }
}
