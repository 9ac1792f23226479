//! Slurm's lists of nodes, such as `gpu[003-005,9],login1`.

use crate::DistributedError;

/// The first host of a list.
///
/// # Errors
/// [`DistributedError::Variable`] for what is no list.
pub(crate) fn first_host(list: &str) -> Result<String, DistributedError> {
    let refused = || DistributedError::Variable {
        variable: "SLURM_JOB_NODELIST",
        rule: "a list of nodes as node[01-04,7]",
        got: list.to_owned(),
    };
    let first = first_entry(list);
    let mut host = String::new();
    let mut rest = first;
    // A name may have several brackets; of each the first number.
    while let Some((name, after)) = rest.split_once('[') {
        let (inside, after) = after.split_once(']').ok_or_else(refused)?;
        let number = inside.split([',', '-']).next().unwrap_or_default();
        if number.is_empty() || !number.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err(refused());
        }
        host.push_str(name);
        host.push_str(number);
        rest = after;
    }
    host.push_str(rest);
    if host.is_empty() || host.contains(']') {
        return Err(refused());
    }
    Ok(host)
}

/// Whether a list names one host.
pub(crate) fn is_one_host(list: &str) -> bool {
    first_entry(list) == list
        && list.split('[').skip(1).all(|inside| {
            inside.split(']').next().is_some_and(|numbers| !numbers.contains([',', '-']))
        })
}

/// What stands before the first comma that is in no brackets.
fn first_entry(list: &str) -> &str {
    let mut depth = 0_i32;
    let end = list.find(|letter| {
        depth += i32::from(letter == '[') - i32::from(letter == ']');
        letter == ',' && depth == 0
    });
    &list[..end.unwrap_or(list.len())]
}

#[cfg(test)]
#[allow(clippy::unwrap_used, reason = "a test may panic")]
mod tests {
    use super::*;

    /// As Slurm's own `scontrol show hostnames` expands them.
    #[test]
    fn the_first_of_a_list_is_found() {
        for (list, first) in [
            ("login", "login"),
            ("node1,node2", "node1"),
            ("gpu[003-005,9],login1", "gpu003"),
            ("gpu[9]", "gpu9"),
            ("r[1-2]n[07,09]-ib", "r1n07-ib"),
            ("a-b.example.org,c", "a-b.example.org"),
        ] {
            assert_eq!(first_host(list).unwrap(), first, "{list}");
        }
    }

    #[test]
    fn what_is_no_list_is_refused() {
        for list in ["gpu[003", "gpu[]", "gpu[a-b]", "", "gpu]3"] {
            let message = first_host(list).unwrap_err().to_string();
            assert!(message.contains("must be a list of nodes as node[01-04,7]"), "{message}");
        }
    }

    #[test]
    fn one_host_is_known() {
        assert!(["login", "gpu[9]"].into_iter().all(is_one_host));
        assert!(!["a,b", "gpu[1-2]", "gpu[1,2]"].into_iter().any(is_one_host));
    }
}
