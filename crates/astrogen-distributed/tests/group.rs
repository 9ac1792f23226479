//! Groups of processes on this machine. Each test starts itself again as every process of a group.
#![cfg(feature = "engine")]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use astrogen_distributed::{DistributedError, Group, World};
use tch::{Device, Kind, Tensor};

/// Seconds that processes of tests wait for each other.
const SECONDS: u64 = 20;

/// Process `rank` of `size`, at this port: the test again, by its name.
fn start(test: &str, (rank, size): (usize, usize), port: u16, seconds: u64) -> Child {
    let time = Duration::from_secs(seconds);
    let world = World { join: time, wait: time, ..World::on_this_machine(rank, size, port) };
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .envs(world.variables())
        .env("OMP_NUM_THREADS", "1")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

fn outputs(processes: Vec<Child>) -> Vec<Output> {
    processes.into_iter().map(|process| process.wait_with_output().unwrap()).collect()
}

fn text(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout)
}

/// Whether this is one of a test's processes, rather than the test.
fn is_process() -> bool {
    std::env::var_os("RANK").is_some()
}

/// Starts a test's processes, which have to succeed, and is none; the group in each of them.
fn in_group(test: &str, size: usize) -> Option<Group> {
    if is_process() {
        return Some(Group::from_environment().unwrap());
    }
    let port = World::free_port().unwrap();
    let processes = (0..size).map(|rank| start(test, (rank, size), port, SECONDS)).collect();
    for (rank, output) in outputs(processes).iter().enumerate() {
        assert!(output.status.success(), "process {rank}:\n{}", text(output));
    }
    None
}

/// Something else in each process and place.
fn values(rank: usize, count: i64, kind: Kind) -> Tensor {
    (Tensor::arange(count, (Kind::Double, Device::Cpu)) * 0.37 + rank as f64).sin().to_kind(kind)
}

#[test]
fn means_are_those_of_all_processes_and_the_same_bits() {
    let name = "means_are_those_of_all_processes_and_the_same_bits";
    for size in [2, 3] {
        let Some(group) = in_group(name, size) else { continue };
        let size = group.size();
        for kind in [Kind::Float, Kind::Double] {
            let of = |rank| [values(rank, 7, kind), values(rank, 6000, kind).view([20, 1, 300])];
            let means = group.mean("tensors", &of(group.rank())).unwrap();
            for (part, mean) in means.iter().enumerate() {
                let sum =
                    (0..size).map(|rank| of(rank)[part].to_kind(Kind::Double)).sum::<Tensor>();
                let difference = (mean.to_kind(Kind::Double) - sum / size as f64).abs().max();
                let most = if kind == Kind::Float { 1e-6 } else { 1e-15 };
                assert!(difference.double_value(&[]) < most, "{kind:?}: {difference:?}");
                assert_eq!(mean.size(), of(0)[part].size());
                let bits: Vec<f64> = mean.reshape([-1]).try_into().unwrap();
                group.same("bits", &format!("{bits:?}")).unwrap();
            }
        }
        return;
    }
}

#[test]
fn the_first_process_is_copied_and_heard() {
    let Some(group) = in_group("the_first_process_is_copied_and_heard", 2) else { return };
    let of = |rank| {
        let steps = Tensor::from_slice(&[rank as i64 + 40]).squeeze();
        [
            values(rank, 5, Kind::Float),
            steps,
            values(rank, 3, Kind::Double),
            values(rank, 9, Kind::Float).view([3, 3]),
        ]
    };
    let (own, first) = (of(group.rank()), of(0));
    group.broadcast("a state", &own).unwrap();
    assert_eq!(own, first);

    let word = group.tell("a word", || Ok::<_, DistributedError>(format!("from {}", group.rank())));
    assert_eq!(word.unwrap(), "from 0");
    assert!(group.any("a flag", group.rank() == 1).unwrap());
    assert!(!group.any("a flag", false).unwrap());
    group.barrier("the end").unwrap();
}

#[test]
fn other_settings_and_other_sizes_are_refused_everywhere() {
    let Some(group) = in_group("other_settings_and_other_sizes_are_refused_everywhere", 3) else {
        return;
    };
    let rank = group.rank();
    group.same("settings", "{}").unwrap();
    let words = format!("steps 3\nwidth {}", if rank == 2 { 32 } else { 16 });
    let message = group.same("settings", &words).unwrap_err().to_string();
    assert_eq!(
        message,
        "process 2 of 3 does not have the settings of process 0: `width 32`, not `width 16`; start \
         all processes with the same command on the same data"
    );
    let unequal = Tensor::zeros([if rank == 1 { 4 } else { 5 }], (Kind::Float, Device::Cpu));
    let message = group.mean("gradients", &[unequal]).unwrap_err().to_string();
    assert!(message.contains("process 1 of 3 does not have the gradients"), "{message}");
    assert!(message.contains("sum of 4 values, Float"), "{message}");
}

/// Of two processes the second ends; what the first finds, and how soon.
fn when_the_second_ends(test: &str, end: impl Fn(Group)) -> Option<(String, Duration)> {
    if !is_process() {
        let port = World::free_port().unwrap();
        let processes = (0..2).map(|rank| start(test, (rank, 2), port, SECONDS)).collect();
        let outputs = outputs(processes);
        assert!(outputs[0].status.success(), "{}", text(&outputs[0]));
        return None;
    }
    let group = Group::from_environment().unwrap();
    let flag = || [Tensor::from_slice(&[1.0f32])];
    group.mean("gradients", &flag()).unwrap();
    if group.rank() == 1 {
        end(group);
        return None;
    }
    let since = Instant::now();
    let error = group.mean("gradients", &flag()).unwrap_err();
    Some((error.to_string(), since.elapsed()))
}

#[test]
fn a_process_that_is_killed_is_named() {
    let end = |_| std::process::abort();
    if let Some((message, after)) = when_the_second_ends("a_process_that_is_killed_is_named", end) {
        assert!(
            message.starts_with("process 1 of 2 has not come to exchange gradients"),
            "{message}"
        );
        assert!(after < Duration::from_secs(10), "{after:?}");
    }
}

#[test]
fn a_process_that_leaves_says_why() {
    let end = |group: Group| group.leave(&"the disk is full");
    if let Some((message, _)) = when_the_second_ends("a_process_that_leaves_says_why", end) {
        assert_eq!(message, "process 1 of 2 ended, and the others with it: the disk is full");
    }
}

#[test]
fn a_killed_process_is_missed_at_a_meeting_too() {
    let end = |_| std::process::abort();
    let test = "a_killed_process_is_missed_at_a_meeting_too";
    if !is_process() {
        when_the_second_ends(test, end);
        return;
    }
    let group = Group::from_environment().unwrap();
    group.barrier("the beginning").unwrap();
    if group.rank() == 1 {
        end(group);
        return;
    }
    // Half of the time that processes wait for one that lives.
    let message = group.barrier("the end").unwrap_err().to_string();
    assert!(message.starts_with("process 1 of 2 has not come to the end within 10 s"), "{message}");
}

#[test]
fn the_reason_reaches_those_that_are_in_a_long_step() {
    let test = "the_reason_reaches_those_that_are_in_a_long_step";
    let Some(group) = in_group(test, 2) else { return };
    let flag = [Tensor::from_slice(&[1.0f32])];
    group.mean("gradients", &flag).unwrap();
    if group.rank() == 0 {
        group.leave(&"the disk is full");
        return;
    }
    std::thread::sleep(Duration::from_secs(6));
    let message = group.mean("gradients", &flag).unwrap_err().to_string();
    assert_eq!(message, "process 0 of 2 ended, and the others with it: the disk is full");
}

#[test]
fn only_the_one_that_was_killed_is_named() {
    let test = "only_the_one_that_was_killed_is_named";
    if !is_process() {
        let port = World::free_port().unwrap();
        let processes = (0..3).map(|rank| start(test, (rank, 3), port, SECONDS)).collect();
        for (rank, output) in outputs(processes).iter().enumerate().filter(|(rank, _)| *rank != 2) {
            assert!(output.status.success(), "process {rank}:\n{}", text(output));
        }
        return;
    }
    let group = Group::from_environment().unwrap();
    let flag = [Tensor::from_slice(&[1.0f32])];
    group.mean("gradients", &flag).unwrap();
    match group.rank() {
        2 => std::process::abort(),
        1 => std::thread::sleep(Duration::from_secs(7)), // a long step
        _ => {}
    }
    let message = group.mean("gradients", &flag).unwrap_err().to_string();
    assert!(message.starts_with("process 2 of 3 has not come to exchange gradients"), "{message}");
}

#[test]
fn an_exchange_may_take_longer_than_the_first_meeting() {
    let test = "an_exchange_may_take_longer_than_the_first_meeting";
    if !is_process() {
        in_group(test, 2);
        return;
    }
    let world = World::from_environment().unwrap().unwrap();
    let group = Group::join(&World { join: Duration::from_secs(4), ..world }).unwrap();
    if group.rank() == 1 {
        std::thread::sleep(Duration::from_secs(7));
    }
    let flag = [Tensor::from_slice(&[1.0f32])];
    assert_eq!(group.mean("gradients", &flag).unwrap(), flag);
}

/// Some of gloo is in `libtorch_cuda.so` too, which stands first among the libraries: called from here, it would
/// take that library along, and those of CUDA, which are not on every machine.
#[cfg(target_os = "linux")]
#[test]
fn no_library_of_cuda_is_needed() {
    let loaded = std::fs::read_to_string("/proc/self/maps").unwrap();
    assert!(loaded.contains("libtorch_cpu"));
    assert!(!loaded.contains("libtorch_cuda"), "{loaded}");
}

/// On Linux all of 127.0.0.0/8 is this machine, and only an open door hears the second of them.
#[cfg(target_os = "linux")]
#[test]
fn on_one_machine_nobody_else_reaches_the_store() {
    let Some(group) = in_group("on_one_machine_nobody_else_reaches_the_store", 2) else { return };
    let port = World::from_environment().unwrap().unwrap().port;
    assert!(std::net::TcpStream::connect(("127.0.0.1", port)).is_ok());
    assert!(std::net::TcpStream::connect(("127.0.0.2", port)).is_err());
    group.barrier("the end").unwrap();
}

#[test]
fn a_process_that_never_comes_is_named() {
    let test = "a_process_that_never_comes_is_named";
    if is_process() {
        let message = Group::from_environment().unwrap_err().to_string();
        assert!(
            message.starts_with("process 1 of 3 has not come to the first meeting within 2 s"),
            "{message}"
        );
        return;
    }
    let port = World::free_port().unwrap();
    let processes = [0, 2].map(|rank| start(test, (rank, 3), port, 2));
    for output in outputs(processes.into()) {
        assert!(output.status.success(), "{}", text(&output));
    }
}

#[test]
fn a_first_process_that_never_comes_is_named() {
    let test = "a_first_process_that_never_comes_is_named";
    if is_process() {
        let message = Group::from_environment().unwrap_err().to_string();
        assert!(
            message.starts_with("process 1 of 2 cannot reach process 0 at 127.0.0.1:"),
            "{message}"
        );
        return;
    }
    let output = start(test, (1, 2), World::free_port().unwrap(), 2).wait_with_output().unwrap();
    assert!(output.status.success(), "{}", text(&output));
}
