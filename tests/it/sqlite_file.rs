//! The database file itself: where it is, whose it is, and who may use it. On PostgreSQL there is none.
use crate::cli::refused;
use crate::support::Maibo;

#[test]
fn a_secret_may_stand_in_a_file() {
    let maibo = Maibo::on_sqlite();
    let wanted = maibo.path("elsewhere/other.db");
    std::fs::write(maibo.path("url"), format!("sqlite://{}\n", wanted.display())).unwrap();
    let file = maibo.path("url").display().to_string();
    let maibo = maibo.with("MAIBO_DATABASE_URL_FILE", &file);
    maibo.made(&["project", "create", "p"]);
    assert!(wanted.exists() && !maibo.database().exists());
}

#[test]
fn a_relative_database_url_is_relative_to_where_one_stands() {
    let maibo = Maibo::on_sqlite().with("MAIBO_DATABASE_URL", "sqlite://deep/down/maibo.db");
    maibo.made(&["project", "create", "p"]);
    assert!(maibo.path("deep/down/maibo.db").exists());
}

#[test]
fn the_data_folder_is_for_its_owner_only() {
    use std::os::unix::fs::PermissionsExt as _;
    let maibo = Maibo::on_sqlite();
    maibo.made(&["project", "create", "p"]);
    let mode = std::fs::metadata(maibo.path("data")).unwrap().permissions().mode();
    assert_eq!(mode & 0o077, 0, "{mode:o}");
}

#[test]
fn a_second_server_on_the_same_file_refuses_to_start() {
    let mut maibo = Maibo::on_sqlite();
    maibo.serve();
    let uuid = maibo.check("Job", &["--every", "1h"]);
    refused(&maibo.run(&["serve"]), &["another Maibo", "maibo.db"]);
    refused(&maibo.run(&[]), &["another Maibo"]);
    // By another name for the same file, too.
    let link = maibo.path("link");
    std::os::unix::fs::symlink(maibo.path("data"), &link).unwrap();
    refused(&maibo.run(&["serve", "--data", &link.display().to_string()]), &["another Maibo"]);
    maibo.ping_ok(&uuid);
    // A killed server leaves nothing behind that keeps the next from starting.
    maibo.kill();
    maibo.serve();
    maibo.ping_ok(&uuid);
}

#[test]
fn the_halves_of_a_server_do_not_share_a_file() {
    for half in [&["serve", "--no-worker"][..], &["worker"]] {
        let maibo = Maibo::on_sqlite();
        let ran = maibo.run(half);
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("PostgreSQL"), "{ran:?}");
        assert!(!maibo.path("data").exists(), "nothing was made");
    }
}

#[test]
fn what_is_no_database_is_refused_and_left_alone() {
    let maibo = Maibo::on_sqlite();
    std::fs::create_dir(maibo.path("data")).unwrap();
    let text = "These are somebody's notes, and no database at all. ".repeat(100);
    std::fs::write(maibo.database(), &text).unwrap();
    refused(&maibo.run(&["serve"]), &["maibo.db"]);
    assert_eq!(std::fs::read_to_string(maibo.database()).unwrap(), text);
    std::fs::write(maibo.path("file"), "").unwrap();
    let below_a_file = maibo.path("file").join("data").display().to_string();
    refused(&maibo.run(&["serve", "--data", &below_a_file]), &[&below_a_file]);
}

#[test]
fn a_server_whose_file_is_gone_is_not_ready() {
    let mut maibo = Maibo::on_sqlite();
    maibo.serve();
    assert_eq!(maibo.call("GET", "/readyz").status, 200);
    let aside = maibo.path("data/aside.db");
    std::fs::rename(maibo.database(), &aside).unwrap();
    let reply = maibo.call("GET", "/readyz");
    assert!(reply.status == 503 && reply.text().contains("deleted or replaced"), "{}", reply.text());
    std::fs::write(maibo.database(), "").unwrap();
    assert_eq!(maibo.call("GET", "/readyz").status, 503, "it is another file");
    std::fs::remove_file(maibo.database()).unwrap();
    let addr = maibo.addr().to_string();
    let maibo = maibo.with("MAIBO_LISTEN", &addr);
    let ran = maibo.run(&["doctor"]);
    assert!(ran.stdout.contains("FAIL  database: a server answers, but there is no file"), "{}", ran.stdout);
    std::fs::rename(aside, maibo.database()).unwrap();
    assert_eq!(maibo.call("GET", "/readyz").status, 200);
}

#[test]
fn root_leaves_other_peoples_databases_alone() {
    use std::os::unix::fs::{MetadataExt as _, chown};
    // Only root can give files away, and only root is refused.
    if std::fs::metadata("/proc/self").unwrap().uid() != 0 {
        return;
    }
    let maibo = Maibo::on_sqlite();
    maibo.made(&["project", "list"]);
    let data = maibo.path("data");
    chown(&data, Some(65534), Some(65534)).unwrap();
    let before = std::fs::read_dir(&data).unwrap().count();
    let copy = maibo.path("copy.db").display().to_string();
    let url = format!("sqlite://{}", maibo.database().display());
    for command in [
        &["project", "create", "p"][..],
        &["serve"],
        &["backup", &copy],
        &["migrate-db", "--from", &url, "--to", "sqlite://new.db"],
    ] {
        refused(&maibo.run(command), &["belongs to nobody", "sudo -u nobody"]);
    }
    let ran = maibo.run(&["doctor"]);
    assert!(ran.stdout.contains("FAIL  owner: "), "{}", ran.stdout);
    assert!(ran.stdout.contains("FAIL  database: it belongs to nobody"), "{}", ran.stdout);
    assert_eq!(std::fs::read_dir(&data).unwrap().count(), before);
}
