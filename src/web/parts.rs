//! Long answers that are made in parts, each written and compressed by whoever is free.
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};

use axum::body::{Body, Bytes};
use axum::http::HeaderMap;
use axum::http::header::{self, HeaderValue};
use axum::response::{IntoResponse, Response};
use flate2::{Compress, CompressError, Compression, Crc, FlushCompress};
use http_body::{Frame, SizeHint};

/// The second quickest level: twice as long as the quickest takes, two thirds of the bytes.
const LEVEL: u32 = 2;
/// How many times shorter a list becomes, at least as a rule: what is made room for.
const RATIO: usize = 10;
/// A member of gzip by DEFLATE, without a name and a time.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// What a reader takes an answer in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// As it is; the layers around may still compress it.
    Plain,
    Gzip,
}

impl Form {
    /// Gzip where it is asked for without any weighing, as nearly everybody does who asks. What else may be said
    /// (`gzip;q=0`) is understood by the layer that compresses the rest.
    #[must_use]
    pub fn asked_for(headers: &HeaderMap) -> Self {
        let mut asked = headers.get_all(header::ACCEPT_ENCODING).iter();
        let (Some(Ok(codings)), None) = (asked.next().map(HeaderValue::to_str), asked.next()) else {
            return Self::Plain;
        };
        let mut codings = codings.split(',').map(str::trim);
        let is_gzip = |coding: &str| coding.eq_ignore_ascii_case("gzip");
        if !codings_weigh(codings.clone()) && codings.any(is_gzip) { Self::Gzip } else { Self::Plain }
    }
}

fn codings_weigh<'a>(mut codings: impl Iterator<Item = &'a str>) -> bool {
    codings.any(|coding| coding.contains(';') || coding.eq_ignore_ascii_case("identity"))
}

/// A part of an answer that was compressed on its own, so that it can stand between any others.
#[derive(Debug)]
pub struct Part {
    bytes: Bytes,
    /// Of the text, if it was compressed.
    crc: Option<Crc>,
}

impl Part {
    /// In bytes, as it is sent.
    #[must_use]
    pub fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Compresses `text` where that is asked for.
    pub fn new(text: Vec<u8>, form: Form) -> Result<Self, CompressError> {
        match form {
            Form::Plain => Ok(Self { bytes: text.into(), crc: None }),
            Form::Gzip => {
                let mut crc = Crc::new();
                crc.update(&text);
                Ok(Self { bytes: deflated(&text)?.into(), crc: Some(crc) })
            }
        }
    }
}

/// JSON of parts in the form in which they all are, with `between` them, behind `before` and before `after`: each of
/// them shorter than 64 KiB.
pub fn json<'p>(
    form: Form,
    before: &'static [u8],
    parts: impl IntoIterator<Item = &'p Part>,
    between: &'static [u8],
    after: &'static [u8],
) -> Response {
    let mut parts = parts.into_iter().peekable();
    // Nothing is not worth it.
    let form = if parts.peek().is_some() { form } else { Form::Plain };
    let mut frames = VecDeque::new();
    let mut crc = Crc::new();
    let literal = |frames: &mut VecDeque<Bytes>, crc: &mut Crc, text: &'static [u8], last| match form {
        Form::Plain => frames.push_back(Bytes::from_static(text)),
        Form::Gzip => {
            crc.update(text);
            frames.push_back(stored(text, last).into());
        }
    };
    if form == Form::Gzip {
        frames.push_back(Bytes::from_static(&GZIP));
    }
    literal(&mut frames, &mut crc, before, false);
    for (n, part) in parts.enumerate() {
        if n > 0 {
            literal(&mut frames, &mut crc, between, false);
        }
        if let Some(own) = &part.crc {
            crc.combine(own);
        }
        frames.push_back(part.bytes.clone());
    }
    literal(&mut frames, &mut crc, after, true);
    let json = (header::CONTENT_TYPE, "application/json");
    if form == Form::Plain {
        return ([json], Body::new(Frames(frames))).into_response();
    }
    let end = [crc.sum().to_le_bytes(), crc.amount().to_le_bytes()].concat();
    frames.push_back(end.into());
    let headers = [json, (header::CONTENT_ENCODING, "gzip"), (header::VARY, "accept-encoding")];
    (headers, Body::new(Frames(frames))).into_response()
}

/// A block of DEFLATE that holds a few bytes as they are.
fn stored(text: &[u8], last: bool) -> Vec<u8> {
    let length = u16::try_from(text.len()).unwrap_or(u16::MAX);
    let mut block = vec![u8::from(last)];
    block.extend(length.to_le_bytes());
    block.extend((!length).to_le_bytes());
    block.extend(&text[..length.into()]);
    block
}

/// A body that is already there. Its length is known.
struct Frames(VecDeque<Bytes>);

impl http_body::Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        Poll::Ready(self.0.pop_front().map(|bytes| Ok(Frame::data(bytes))))
    }

    fn is_end_stream(&self) -> bool {
        self.0.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.0.iter().map(|bytes| bytes.len() as u64).sum())
    }
}

/// DEFLATE's blocks of a text, none of which is the last one, up to a whole byte.
fn deflated(text: &[u8]) -> Result<Vec<u8>, CompressError> {
    let mut deflate = Compress::new(Compression::new(LEVEL), false);
    let mut out = Vec::new();
    let mut rest = text;
    loop {
        out.reserve(rest.len() / RATIO + 1024);
        let before = deflate.total_in();
        deflate.compress_vec(rest, &mut out, FlushCompress::Sync)?;
        let taken = usize::try_from(deflate.total_in() - before).unwrap_or(rest.len());
        rest = &rest[taken..];
        // Room was left: everything is written.
        if rest.is_empty() && out.len() < out.capacity() {
            return Ok(out);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use flate2::bufread::GzDecoder;
    use proptest::prelude::*;

    use super::*;

    fn body(response: Response) -> Vec<u8> {
        let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
        runtime.block_on(axum::body::to_bytes(response.into_body(), usize::MAX)).unwrap().to_vec()
    }

    proptest! {
        #[test]
        fn parts_that_were_compressed_apart_unpack_as_one(
            texts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..3000), 0..5),
            times in 1usize..200,
        ) {
            // As they are, they hardly shrink; repeated, they do.
            let texts: Vec<Vec<u8>> = texts.into_iter().map(|text| text.repeat(times)).collect();
            let made = |form| {
                let parts: Vec<Part> = texts.iter().map(|text| Part::new(text.clone(), form).unwrap()).collect();
                body(json(form, b"[", &parts, b",", b"]"))
            };
            let expected = [b"[".to_vec(), texts.join(&b','), b"]".to_vec()].concat();
            prop_assert!(made(Form::Plain) == expected);
            if texts.is_empty() {
                prop_assert!(made(Form::Gzip) == expected);
                return Ok(());
            }
            let mut unpacked = Vec::new();
            let packed = made(Form::Gzip);
            let mut packed = packed.as_slice();
            GzDecoder::new(&mut packed).read_to_end(&mut unpacked).unwrap();
            prop_assert!(unpacked == expected);
            prop_assert!(packed.is_empty(), "nothing stands behind it");
        }
    }

    #[test]
    fn gzip_is_for_those_who_ask_for_it_plainly() {
        let form = |asked: &[&'static str]| {
            let asked = asked.iter().map(|asked| (header::ACCEPT_ENCODING, HeaderValue::from_static(asked)));
            let mut headers = HeaderMap::new();
            headers.extend(asked.map(|(name, value)| (Some(name), value)));
            Form::asked_for(&headers)
        };
        for asked in ["gzip", "gzip, deflate", "deflate,GZIP", "gzip, deflate, br, zstd"] {
            assert_eq!(form(&[asked]), Form::Gzip, "{asked}");
        }
        for asked in
            ["", "*", "br", "x-gzip", "gzip;q=0", "gzip;q=0.5, identity", "identity, gzip", "gzip, br;q=0.1"]
        {
            assert_eq!(form(&[asked]), Form::Plain, "{asked}");
        }
        assert_eq!(form(&[]), Form::Plain);
        assert_eq!(form(&["gzip", "gzip;q=0"]), Form::Plain);
    }
}
