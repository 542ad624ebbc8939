//! Runs a command of the operator's: `/bin/sh`, with the values in its environment and never in its text.
use std::time::Duration;

/// How long a command may take.
const PATIENCE: Duration = Duration::from_secs(20);
/// Bytes of its output that are kept: the last ones.
const MAX_SAID: usize = 4096;
/// Longest value of a variable, in bytes.
const MAX_VALUE: usize = 32 * 1024;
/// What it may see of our own environment.
const KEPT: &[&str] = &["PATH", "HOME", "LANG"];

/// A command, and what it is told.
#[derive(Debug, Clone)]
pub struct Command {
    /// For `/bin/sh -c`.
    pub script: String,
    /// Names and values of variables.
    pub values: Vec<(&'static str, String)>,
}

/// Why a command is no success. `said`: the end of what it wrote.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("/bin/sh cannot be started")]
    NotStarted,
    #[error("it took longer than {} seconds and was ended", PATIENCE.as_secs())]
    Timeout,
    #[error("exit status {status}")]
    Status { status: i32, said: String },
    #[error("it was ended by a signal")]
    Signal { said: String },
}

/// A value as an environment can hold it.
fn bounded(value: &str) -> String {
    let value = value.replace('\0', "");
    value[..value.floor_char_boundary(MAX_VALUE)].to_owned()
}

#[cfg(unix)]
mod unix {
    use std::io;
    use std::process::{ExitStatus, Stdio};

    use rustix::process::{Pid, Signal, kill_process_group};
    use tokio::io::AsyncReadExt as _;
    use tokio::net::unix::pipe::Receiver;
    use tokio::process::Child;

    use super::{Command, CommandError, KEPT, MAX_SAID, PATIENCE, bounded};

    /// Ends a command and everything that it started, unless it came to its own end.
    struct Group(Option<Pid>);

    impl Drop for Group {
        fn drop(&mut self) {
            if let Some(group) = self.0 {
                // Where nobody is left there is nothing to end.
                let _ = kill_process_group(group, Signal::KILL);
            }
        }
    }

    fn start(command: &Command) -> io::Result<(Child, Receiver)> {
        let (reader, writer) = io::pipe()?;
        let kept = KEPT.iter().filter_map(|name| Some((*name, std::env::var_os(name)?)));
        let child = tokio::process::Command::new("/bin/sh")
            .arg("-c")
            .arg(&command.script)
            .env_clear()
            .envs(kept)
            .envs(command.values.iter().map(|(name, value)| (*name, bounded(value))))
            .stdin(Stdio::null())
            .stdout(writer.try_clone()?)
            .stderr(writer)
            .process_group(0)
            .kill_on_drop(true)
            .spawn()?;
        Ok((child, Receiver::from_owned_fd(reader.into())?))
    }

    /// Waits for the end, and keeps the end of what was written until then. What was left running in the background
    /// may hold on to the output: nobody waits for that.
    async fn finish(child: &mut Child, mut output: Receiver, said: &mut Vec<u8>) -> io::Result<ExitStatus> {
        let mut buffer = [0; 1024];
        loop {
            tokio::select! {
                read = output.read(&mut buffer) => match read {
                    Ok(0) | Err(_) => return child.wait().await,
                    Ok(count) => keep(said, &buffer[..count]),
                },
                status = child.wait() => {
                    while let Ok(count @ 1..) = output.try_read(&mut buffer) {
                        keep(said, &buffer[..count]);
                    }
                    return status;
                }
            }
        }
    }

    fn keep(said: &mut Vec<u8>, more: &[u8]) {
        said.extend(more);
        said.drain(..said.len().saturating_sub(MAX_SAID));
    }

    /// Runs a command to its end, or ends it after 20 seconds.
    pub async fn run(command: &Command) -> Result<(), CommandError> {
        let (mut child, output) = start(command).map_err(|_| CommandError::NotStarted)?;
        let mut group = Group(child.id().and_then(|id| Pid::from_raw(i32::try_from(id).ok()?)));
        let mut said = Vec::new();
        let status = tokio::time::timeout(PATIENCE, finish(&mut child, output, &mut said)).await;
        let status = status.map_err(|_| CommandError::Timeout)?.map_err(|_| CommandError::NotStarted)?;
        group.0 = None;
        let said = String::from_utf8_lossy(&said).trim().to_owned();
        match status.code() {
            Some(0) => Ok(()),
            Some(status) => Err(CommandError::Status { status, said }),
            None => Err(CommandError::Signal { said }),
        }
    }
}

#[cfg(unix)]
pub use unix::run;

/// There is no `/bin/sh` here.
#[cfg(not(unix))]
pub async fn run(command: &Command) -> Result<(), CommandError> {
    let _ = (command, PATIENCE, KEPT, MAX_SAID, bounded);
    Err(CommandError::NotStarted)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    fn command(script: &str, values: &[(&'static str, &str)]) -> Command {
        Command {
            script: script.to_owned(),
            values: values.iter().map(|(name, value)| (*name, (*value).to_owned())).collect(),
        }
    }

    #[tokio::test]
    async fn a_value_is_never_run() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("said");
        let name = "$(touch /tmp/x) `id` \"; exit 3 # 备份\n'";
        let script = format!("printf '%s' \"$MAIBO_NAME\" > '{}'", file.display());
        assert_eq!(run(&command(&script, &[("MAIBO_NAME", name)])).await, Ok(()));
        assert_eq!(std::fs::read_to_string(file).unwrap(), name);
    }

    #[tokio::test]
    async fn nothing_of_ours_is_inherited() {
        let script = "env | cut -d= -f1 | grep -vxE 'PATH|HOME|LANG|PWD|SHLVL|_|OLDPWD|MAIBO_NAME' >&2 && exit 7; exit 0";
        assert_eq!(run(&command(script, &[("MAIBO_NAME", "x")])).await, Ok(()));
    }

    #[tokio::test]
    async fn the_status_and_the_last_words_are_told() {
        let said = run(&command("yes | head -c 100000; echo no such pager >&2; exit 3", &[])).await;
        let Err(CommandError::Status { status: 3, said }) = said else { panic!("{said:?}") };
        assert!(said.len() <= MAX_SAID && said.ends_with("no such pager"), "{said}");
    }

    #[tokio::test]
    async fn what_stays_in_the_background_is_not_waited_for() {
        assert_eq!(run(&command("sleep 600 & exit 0", &[])).await, Ok(()));
    }

    #[tokio::test]
    async fn nulls_and_giants_are_no_obstacle() {
        let giant = "库\0".repeat(100_000);
        let script = "[ ${#MAIBO_BODY} -le 32768 ] && [ -n \"$MAIBO_BODY\" ]";
        assert_eq!(run(&command(script, &[("MAIBO_BODY", &giant)])).await, Ok(()));
    }

    #[tokio::test]
    async fn a_command_that_is_given_up_ends_with_all_that_it_started() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("pid");
        let script = format!("sleep 600 & echo $! > '{}'; wait", file.display());
        let command = command(&script, &[]);
        let mut running = Box::pin(run(&command));
        let pid = loop {
            tokio::select! {
                ended = &mut running => panic!("{ended:?}"),
                () = tokio::time::sleep(Duration::from_millis(20)) => {}
            }
            let pid = std::fs::read_to_string(&file).unwrap_or_default();
            if let Some(pid) = pid.strip_suffix('\n') {
                break pid.to_owned();
            }
        };
        drop(running);
        // Ended, and at most waiting for whoever inherits it to notice.
        let gone = || {
            let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).unwrap_or_default();
            stat.is_empty() || stat.contains(") Z ")
        };
        while !gone() {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    }
}
