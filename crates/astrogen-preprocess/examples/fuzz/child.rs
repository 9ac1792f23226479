//! Opens inputs and says on standard output, a line each, what came of it: the index before
//! it is opened, then `opened`, `refused`, or what is wrong.

use std::any::Any;
use std::ops::Range;
use std::panic;
use std::process;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread;
use std::time::Duration;
use std::{fs, io};

use crate::bound::bound;
use crate::door::Door;
use crate::inputs::Inputs;
use crate::memory::peak_of;

/// The exit status after an input that took too long.
pub(crate) const HANG: i32 = 86;
/// Seconds that an input may take.
pub(crate) const SECONDS: u64 = 10;
/// The address space of the process, C's memory included.
#[cfg(unix)]
const ADDRESS_SPACE: u64 = 4 << 30;

/// Inputs that were begun.
static BEGUN: AtomicU64 = AtomicU64::new(0);
/// Where the last panic was.
static PANICKED_AT: Mutex<String> = Mutex::new(String::new());

pub(crate) fn run(door: Door, inputs: &Inputs, range: Range<u64>) -> io::Result<()> {
    limit_memory()?;
    thread::spawn(watch);
    panic::set_hook(Box::new(|info| {
        if let (Ok(mut at), Some(place)) = (PANICKED_AT.lock(), info.location()) {
            *at = place.to_string();
        }
    }));
    let folder = tempfile::tempdir()?;
    let path = folder.path().join("input");
    for index in range {
        println!("{index}");
        let bytes = inputs.bytes(index);
        fs::write(&path, &bytes)?;
        BEGUN.fetch_add(1, Relaxed);
        let (outcome, peak) = peak_of(|| panic::catch_unwind(|| door.open(&path)));
        let bound = bound(door, &bytes);
        match outcome {
            Err(payload) => println!("panic {}", words(payload.as_ref())),
            Ok(_) if peak > bound => {
                println!("memory: {peak} bytes for {}, at most {bound} explained", bytes.len());
            }
            Ok(Ok(())) => println!("opened"),
            Ok(Err(_)) => println!("refused"),
        }
    }
    Ok(())
}

/// Ends the process where an input takes too long.
fn watch() {
    loop {
        let begun = BEGUN.load(Relaxed);
        for _ in 0..SECONDS {
            thread::sleep(Duration::from_secs(1));
            if BEGUN.load(Relaxed) != begun {
                break;
            }
        }
        if begun > 0 && BEGUN.load(Relaxed) == begun {
            process::exit(HANG);
        }
    }
}

/// Makes more memory than any input explains an error that is seen.
fn limit_memory() -> io::Result<()> {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, setrlimit};
        let limit = Rlimit { current: Some(ADDRESS_SPACE), maximum: Some(ADDRESS_SPACE) };
        setrlimit(Resource::As, limit)?;
    }
    Ok(())
}

/// Where and why code panicked, in one line.
fn words(payload: &(dyn Any + Send)) -> String {
    let text = payload.downcast_ref::<String>().map(String::as_str);
    let text = text.or(payload.downcast_ref::<&str>().copied()).unwrap_or("without words");
    let at = PANICKED_AT.lock().map(|at| at.clone()).unwrap_or_default();
    format!("at {at}: {}", text.replace('\n', " "))
}
