//! The program with nobody who reads what it says.

use std::process::Command;

#[test]
fn an_error_that_nobody_reads_is_no_panic() {
    let (reader, writer) = std::io::pipe().expect("a pipe");
    drop(reader);
    let mut program = Command::new(env!("CARGO_BIN_EXE_xtask"));
    let status = program.args(["golden", "no such script"]).stderr(writer).status();
    // A panic would be 101.
    assert_eq!(status.expect("it starts").code(), Some(1));
}
