//! Channels that do not speak HTTP, against real counterparts: a broker, log servers, a shell.
use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::{Arc, Mutex};
use std::thread;

use maibo::notify::alert::Side;
use maibo::notify::outcome::{SendError, Sent};
use maibo::notify::{Settings, accept, driver};
use rstest::rstest;

use crate::contract::{alert, post};
use crate::support::{Maibo, block_on, eventually};

/// Makes a channel with these settings and sends one alert through it.
fn send(kind: &str, given: &[(&str, String)], side: Side, name: &str) -> Result<Option<Sent>, SendError> {
    let given: Settings = given.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
    let driver = driver(kind).unwrap();
    let alert = alert(side, name, "disk full\nline two");
    block_on(async {
        let post = post();
        let settings = accept(driver, &given, &post.outbound).await.unwrap_or_else(|wrong| panic!("{wrong}"));
        post.send_with(driver, &settings, &alert, alert.at).await
    })
}

/// What a broker heard: topic, payload, and whether it was to be kept.
type Published = Arc<Mutex<Vec<(String, String, bool)>>>;

/// A broker that answers a connection with this code, and acknowledges what is published.
fn broker(code: u8) -> (SocketAddr, Published) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    let published = Published::default();
    let log = Arc::clone(&published);
    thread::spawn(move || {
        for stream in listener.incoming().flatten() {
            let log = Arc::clone(&log);
            thread::spawn(move || drop(converse(stream, code, &log)));
        }
    });
    (addr, published)
}

fn converse(mut stream: TcpStream, code: u8, log: &Published) -> std::io::Result<()> {
    loop {
        let mut kind = [0];
        stream.read_exact(&mut kind)?;
        let (mut length, mut shift) = (0, 0);
        loop {
            let mut byte = [0];
            stream.read_exact(&mut byte)?;
            length |= usize::from(byte[0] & 0x7f) << shift;
            shift += 7;
            if byte[0] & 0x80 == 0 {
                break;
            }
        }
        let mut body = vec![0; length];
        stream.read_exact(&mut body)?;
        match kind[0] >> 4 {
            1 => {
                assert_eq!(&body[..7], b"\x00\x04MQTT\x04");
                stream.write_all(&[0x20, 2, 0, code])?;
            }
            3 => {
                assert_eq!(kind[0] & 0x06, 0x02, "at least once");
                let topic = usize::from(u16::from_be_bytes([body[0], body[1]]));
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
                let id = &body[2 + topic..4 + topic];
                log.lock().unwrap().push((
                    text(&body[2..2 + topic]),
                    text(&body[4 + topic..]),
                    kind[0] & 1 == 1,
                ));
                stream.write_all(&[0x40, 2, id[0], id[1]])?;
            }
            14 => return Ok(()),
            kind => panic!("packet {kind}"),
        }
    }
}

#[rstest]
#[case(Side::Down, "down", true)]
#[case(Side::Up, "up", true)]
#[case(Side::Test, "test", false)]
fn a_broker_gets_the_event_and_keeps_the_state(
    #[case] side: Side,
    #[case] status: &str,
    #[case] state: bool,
) {
    let (addr, published) = broker(0);
    let given = [("url", format!("mqtt://me:s3cret@{addr}")), ("topic", "home/maibo/".to_owned())];
    let name = "库 \"x\"".repeat(3000);
    assert_eq!(send("mqtt", &given, side, &name), Ok(Some(Sent("the broker has it".to_owned()))));
    let heard = published.lock().unwrap().clone();
    let (topic, event, kept) = &heard[0];
    let event: serde_json::Value = serde_json::from_str(event).unwrap();
    assert_eq!((event["status"].as_str(), *kept), (Some(status), false));
    let id = event["id"].as_str().unwrap();
    assert_eq!(topic, &format!("home/maibo/{id}/event"));
    assert!(!event.to_string().contains("6f1c9a52"), "no ping address");
    let kept = (format!("home/maibo/{id}/state"), status.to_owned(), true);
    assert_eq!(heard.get(1), state.then_some(&kept));
}

#[rstest]
#[case(1, "rejected")]
#[case(3, "retry")]
#[case(4, "permanent")]
#[case(5, "permanent")]
fn a_broker_that_refuses_says_why(#[case] code: u8, #[case] expected: &str) {
    let (addr, published) = broker(code);
    let given =
        [("url", format!("mqtt://{addr}")), ("username", "me".to_owned()), ("password", "s3cret".to_owned())];
    let error = send("mqtt", &given, Side::Down, "job").unwrap_err();
    assert_eq!(sort(&error), expected, "{error}");
    assert!(!error.to_string().contains("s3cret") && published.lock().unwrap().is_empty());
}

fn sort(error: &SendError) -> &'static str {
    match error {
        SendError::Retry { .. } => "retry",
        SendError::Waits { .. } => "waits",
        SendError::Permanent(_) => "permanent",
        SendError::Rejected(_) => "rejected",
    }
}

/// A server that says this to whoever comes, and hangs up.
fn says(words: &'static [u8]) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            drop(stream.write_all(words));
            drop(stream.read(&mut [0; 1024]));
        }
    });
    addr
}

#[rstest]
#[case::another_protocol(b"HTTP/1.1 400 Bad Request\r\n\r\n")]
#[case::a_giant_packet(b"\x20\xff\xff\xff\x7f")]
#[case::half_a_packet(b"\x20\x02\x00")]
#[case::nothing(b"")]
fn what_is_no_broker_is_not_believed(#[case] words: &'static [u8]) {
    let given = [("url", format!("mqtt://{}", says(words)))];
    let error = send("mqtt", &given, Side::Down, "job").unwrap_err();
    assert_eq!(sort(&error), "retry", "{error}");
}

#[rstest]
#[case("mqtt", "mqtts://127.0.0.9:1883", "is a private address")]
#[case("mqtt", "mqtt://1.1.1.1", "unencrypted")]
#[case("mqtt", "mqtts://0x7f000009", "is a private address")]
#[case("syslog", "udp://10.0.0.1:514", "is a private address")]
#[case("syslog", "tls://127.0.0.9:6514", "is a private address")]
#[case("syslog", "tcp://1.1.1.1:601", "unencrypted")]
fn the_guard_stands_before_every_transport(#[case] kind: &str, #[case] url: &str, #[case] expected: &str) {
    let given = Settings::from([("url".to_owned(), url.to_owned())]);
    let driver = driver(kind).unwrap();
    let alert = alert(Side::Down, "job", "");
    block_on(async {
        let post = post();
        let wrong = accept(driver, &given, &post.outbound).await.unwrap_err();
        assert!(wrong.to_string().contains(expected), "{wrong}");
        // Also when it was saved before the operator closed the door.
        let error = post.send_with(driver, &given, &alert, alert.at).await.unwrap_err();
        assert!(error.to_string().contains(expected), "{error}");
    });
}

#[test]
fn a_log_line_goes_out_over_udp() {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let given = [("url", socket.local_addr().unwrap().to_string()), ("facility", "local3".to_owned())];
    let sent = send("syslog", &given, Side::Down, &"库".repeat(5000)).unwrap();
    assert_eq!(sent, Some(Sent("sent; over UDP nobody confirms it".to_owned())));
    let mut line = vec![0; 65_536];
    let length = socket.recv(&mut line).unwrap();
    let line = std::str::from_utf8(&line[..length]).unwrap();
    assert!(length <= 1024 && !line.contains('\n'), "{line}");
    assert!(
        line.starts_with("<155>1 2024-01-02T03:04:05.000Z mon.example maibo - DOWN [maibo@32473 "),
        "{line}"
    );
    assert!(line.ends_with("https://mon.example/checks/x"), "{line}");
}

#[test]
fn a_log_line_over_tcp_says_how_long_it_is() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let given = [("url", format!("tcp://{}", listener.local_addr().unwrap()))];
    let heard = thread::spawn(move || {
        let mut frame = Vec::new();
        listener.accept().unwrap().0.read_to_end(&mut frame).unwrap();
        String::from_utf8(frame).unwrap()
    });
    assert_eq!(send("syslog", &given, Side::Up, "nightly \"dump\""), Ok(Some(Sent("sent".to_owned()))));
    let frame = heard.join().unwrap();
    let (length, line) = frame.split_once(' ').unwrap();
    assert_eq!(length.parse(), Ok(line.len()));
    assert!(line.contains(r#"check="nightly \"dump\"""#), "{line}");
}

#[test]
fn a_log_server_that_is_away_is_tried_again() {
    let away = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let error = send("syslog", &[("url", format!("tcp://{away}"))], Side::Down, "job").unwrap_err();
    assert_eq!((sort(&error), error.to_string()), ("retry", "connection refused".to_owned()));
}

#[test]
fn commands_are_refused_unless_the_operator_allows_them() {
    let maibo = Maibo::new();
    let args = ["channel", "create", "--kind", "shell", "--name", "pager", "--set", "command_down=exit 0"];
    let refused = maibo.run(&args);
    assert!(refused.code != Some(0) && refused.stderr.contains("MAIBO_SHELL_CHANNELS=true"), "{refused:?}");
}

#[test]
fn a_command_is_told_by_its_environment() {
    let mut maibo = Maibo::new().with("MAIBO_SHELL_CHANNELS", "true");
    let file = maibo.path("said");
    let down = format!(
        "command_down=printf '%s|%s|%s' \"$MAIBO_STATUS\" \"$MAIBO_NAME\" \"$MAIBO_DATA$MAIBO_DATABASE_URL\" > '{}'",
        file.display()
    );
    maibo.channel("shell", "pager", &[&down]);
    let uuid = maibo.check("$(id) `id` 备份'\"", &["--every", "1h", "--channel", "*"]);
    maibo.serve();
    maibo.ping_ok(&format!("{uuid}/fail"));
    let said = eventually("the command has run", || {
        std::fs::read_to_string(&file).ok().filter(|said| said.ends_with('|'))
    });
    assert_eq!(said, "down|$(id) `id` 备份'\"|");
}
