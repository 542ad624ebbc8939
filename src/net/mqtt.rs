//! Publishes a few messages to a broker of MQTT 3.1.1: connect, publish so that the broker acknowledges, wait for
//! that, go.
//!
//! Five kinds of packets are all it takes, on a connection that passes the guard like every other.
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use url::Url;

use super::egress::{NetError, Outbound, WHOLE};
use super::line::{Line, broken};

/// Longest packet of a broker's that is read; those we wait for have four bytes.
const MAX_PACKET: usize = 64 * 1024;
/// A connection lives for seconds; the broker may forget us after so many.
const KEEP_ALIVE: u16 = 30;

/// What to publish, and where.
#[derive(Debug, Clone)]
pub struct Publish {
    /// `mqtt://host:1883` or `mqtts://host:8883`.
    pub server: Url,
    /// None when empty.
    pub username: String,
    pub password: String,
    pub messages: Vec<Message>,
}

#[derive(Debug, Clone)]
pub struct Message {
    /// Without wildcards, at most 65535 bytes.
    pub topic: String,
    pub payload: Vec<u8>,
    /// The broker keeps the newest for those who come later.
    pub retain: bool,
}

/// Why a broker does not have the messages.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MqttError {
    #[error(transparent)]
    Net(#[from] NetError),
    #[error("the broker refuses the user or the password (code {0})")]
    SignIn(u8),
    #[error("the broker is not available (code 3)")]
    Unavailable,
    #[error("the broker refuses the connection (code {0})")]
    Refused(u8),
    #[error("that is not how an MQTT broker answers: is this the right address?")]
    Strange,
}

impl Outbound {
    /// Publishes all messages and waits until the broker has each, within 20 seconds. `client`: a name that no other
    /// connection has at the moment.
    pub async fn publish(&self, publish: &Publish, client: &str) -> Result<(), MqttError> {
        let whole = async {
            let port = if publish.server.scheme() == "mqtts" { 8883 } else { 1883 };
            let mut line = self.connect(&publish.server, port).await?;
            write(&mut *line, &connect(client, &publish.username, &publish.password)).await?;
            match read(&mut *line).await? {
                Packet { kind: 0x20, body } => match body.get(1) {
                    Some(0) => {}
                    Some(code @ (4 | 5)) => return Err(MqttError::SignIn(*code)),
                    Some(3) => return Err(MqttError::Unavailable),
                    Some(code) => return Err(MqttError::Refused(*code)),
                    None => return Err(MqttError::Strange),
                },
                _ => return Err(MqttError::Strange),
            }
            let mut waiting = Vec::new();
            for (id, message) in (1_u16..).zip(&publish.messages) {
                write(&mut *line, &publication(id, message)).await?;
                waiting.push(id);
            }
            while !waiting.is_empty() {
                let packet = read(&mut *line).await?;
                if packet.kind == 0x40
                    && let Some([high, low]) = packet.body.first_chunk()
                {
                    let id = u16::from_be_bytes([*high, *low]);
                    waiting.retain(|waiting| *waiting != id);
                }
            }
            // The broker has all: what becomes of the good-bye does not matter.
            let _ = write(&mut *line, &[0xe0, 0]).await;
            Ok(())
        };
        tokio::time::timeout(WHOLE, whole).await.unwrap_or(Err(MqttError::Net(NetError::Timeout)))
    }
}

fn connect(client: &str, username: &str, password: &str) -> Vec<u8> {
    const CLEAN: u8 = 0x02;
    let mut flags = CLEAN;
    let mut payload = Vec::new();
    text(&mut payload, client);
    if !username.is_empty() {
        flags |= 0x80;
        text(&mut payload, username);
        if !password.is_empty() {
            flags |= 0x40;
            text(&mut payload, password);
        }
    }
    let mut body = Vec::new();
    text(&mut body, "MQTT");
    body.extend([4, flags]);
    body.extend(KEEP_ALIVE.to_be_bytes());
    body.extend(payload);
    packet(0x10, &body)
}

fn publication(id: u16, message: &Message) -> Vec<u8> {
    const QOS_1: u8 = 0x02;
    let mut body = Vec::new();
    text(&mut body, &message.topic);
    body.extend(id.to_be_bytes());
    body.extend(&message.payload);
    packet(0x30 | QOS_1 | u8::from(message.retain), &body)
}

/// A text with its length in front; cut where the length ends.
fn text(into: &mut Vec<u8>, text: &str) {
    let text = &text.as_bytes()[..text.floor_char_boundary(usize::from(u16::MAX))];
    into.extend(u16::try_from(text.len()).unwrap_or(u16::MAX).to_be_bytes());
    into.extend(text);
}

/// A packet: its kind, the length of what follows in seven bits each, and that.
fn packet(kind: u8, body: &[u8]) -> Vec<u8> {
    let mut made = vec![kind];
    let mut rest = body.len();
    loop {
        let low = u8::try_from(rest % 128).unwrap_or(0);
        rest /= 128;
        made.push(if rest > 0 { low | 0x80 } else { low });
        if rest == 0 {
            break;
        }
    }
    made.extend(body);
    made
}

struct Packet {
    /// Without the flags.
    kind: u8,
    body: Vec<u8>,
}

async fn write(line: &mut dyn Line, bytes: &[u8]) -> Result<(), MqttError> {
    line.write_all(bytes).await.map_err(|error| broken(&error))?;
    Ok(line.flush().await.map_err(|error| broken(&error))?)
}

async fn read(line: &mut dyn Line) -> Result<Packet, MqttError> {
    let lost = |error: std::io::Error| MqttError::Net(broken(&error));
    let kind = line.read_u8().await.map_err(lost)? & 0xf0;
    let mut length = 0;
    for shift in [0, 7, 14, 21] {
        let byte = line.read_u8().await.map_err(lost)?;
        length |= usize::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            if length > MAX_PACKET {
                break;
            }
            let mut body = vec![0; length];
            line.read_exact(&mut body).await.map_err(lost)?;
            return Ok(Packet { kind, body });
        }
    }
    Err(MqttError::Strange)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The example of the standard's section 3.1, with our keep-alive and without a will.
    #[test]
    fn a_connection_begins_as_the_standard_has_it() {
        let made = connect("me", "user", "pass");
        let expected = b"\x10\x1a\x00\x04MQTT\x04\xc2\x00\x1e\x00\x02me\x00\x04user\x00\x04pass";
        assert_eq!(made, expected);
    }

    #[test]
    fn lengths_are_written_in_sevens() {
        for (length, head) in
            [(0, &b"\x30\x00"[..]), (127, b"\x30\x7f"), (128, b"\x30\x80\x01"), (16_384, b"\x30\x80\x80\x01")]
        {
            let made = packet(0x30, &vec![0; length]);
            assert_eq!(&made[..head.len()], head);
            assert_eq!(made.len(), head.len() + length);
        }
    }
}
