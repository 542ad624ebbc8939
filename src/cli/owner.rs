//! Whose database it is. What root makes beside it, the server could not open any more.
use std::path::Path;

/// Refuses to touch a database file as root when it, or the folder that it will be in, is another user's. `maibo`
/// without a word would leave files behind that the server may not open.
pub(super) fn step_aside(file: &Path) -> anyhow::Result<()> {
    if let Some(owner) = other_owner(file) {
        anyhow::bail!(
            "{} belongs to {owner}, and what root makes there {owner} could not open; run this as that user: sudo -u {owner} {}",
            file.display(),
            command_line()
        );
    }
    Ok(())
}

/// The user to whom the file belongs, or the folder where there is no file yet, when we are root and they are not.
#[cfg(unix)]
pub(super) fn other_owner(file: &Path) -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
    // Who we are, as the kernel sees us.
    let me = Path::new("/proc/self").metadata().ok()?.uid();
    let owners = [file.metadata(), folder.metadata()];
    let other =
        owners.into_iter().filter_map(Result::ok).map(|found| found.uid()).find(|owner| *owner != 0)?;
    (me == 0).then(|| name_of(other))
}

#[cfg(not(unix))]
pub(super) fn other_owner(_: &Path) -> Option<String> {
    None
}

/// A user's name as `sudo -u` takes it.
pub(super) fn name_of(id: u32) -> String {
    let users = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    let named = users.lines().find_map(|line| {
        let mut fields = line.split(':');
        let (name, _, number) = (fields.next()?, fields.next()?, fields.next()?);
        (number.parse() == Ok(id)).then(|| name.to_owned())
    });
    named.unwrap_or_else(|| format!("'#{id}'"))
}

/// How we were called, without what may be a secret.
fn command_line() -> String {
    let words: Vec<String> =
        std::env::args().map(|word| if word.contains("://") { "…".to_owned() } else { word }).collect();
    words.join(" ")
}
