//! Lines of an export in Ion text to the lines that the same export has in DynamoDB JSON.
//!
//! Each line of such an export is one record: `$ion_1_0 {Item:{…}}`, or of an incremental one `{Record:{Keys:{…},…}}`,
//! with or without the wrapper. A first look at a line's brackets bounds what the Ion parser may be asked (it recurses,
//! and knows no limit of its own), and refuses what no export has.

use std::ffi::{c_char, c_int};

use ion_rs::{Element, IonType, Sequence, Struct, UInt, Value};

use crate::abi;
use crate::error::{caught_as, guarded, one_line, Failure, Outcome};
use crate::json::Json;

/// An item nests 32 levels deep; around it stand the record, its member and its attributes.
const DEPTH_MAX: usize = 40;
/// An item of 400 KB holds fewer than this many values, and so do its two images and keys.
const VALUES_MAX: usize = 1 << 20;
/// `RECORD_SIZE_MAX` in sources/events.h.
const RECORD_SIZE_MAX: usize = 16 << 20;
/// 38 digits, and zeros up to 1E-130 or 9.9E+125, with underscores between.
const NUMBER_MAX: usize = 300;
/// `JSON_PADDING` in base/json.h, or more.
const PADDING: usize = 64;

/// What is wrong with a line, and at which of its bytes.
struct Fault {
    at: usize,
    what: String,
}

type Found<T> = Result<T, Fault>;

fn fault<T>(at: usize, what: impl Into<String>) -> Found<T> {
    Err(Fault { at, what: what.into() })
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

fn skip_space(line: &[u8], mut at: usize) -> usize {
    while at < line.len() && is_space(line[at]) {
        at += 1;
    }
    at
}

/// Where the line's struct begins, if it has one.
fn start_of_struct(line: &[u8]) -> Found<Option<usize>> {
    const MARKER: &[u8] = b"$ion_1_0";
    let mut at = skip_space(line, 0);
    while line[at..].starts_with(MARKER) {
        let after = at + MARKER.len();
        if line.get(after).is_some_and(|byte| !is_space(*byte) && *byte != b'{') {
            return fault(at, "not the version marker of Ion 1.0");
        }
        at = skip_space(line, after);
    }
    match line.get(at) {
        None => Ok(None),
        Some(b'{') if line.get(at + 1) != Some(&b'{') => Ok(Some(at)),
        Some(_) => fault(at, "no struct of Ion 1.0 text"),
    }
}

/// After the string or quoted symbol that begins at `at`.
fn end_of_quoted(line: &[u8], at: usize) -> Found<usize> {
    let quote = line[at];
    let long = quote == b'\'' && line[at..].starts_with(b"'''");
    let mut next = at + if long { 3 } else { 1 };
    while let Some(byte) = line.get(next) {
        if *byte == b'\\' {
            next += 2;
        } else if *byte != quote || (long && !line[next..].starts_with(b"'''")) {
            next += 1;
        } else {
            return Ok(next + if long { 3 } else { 1 });
        }
    }
    fault(at, "the line ends inside what is quoted here")
}

/// After the blob that begins at `at`.
fn end_of_blob(line: &[u8], at: usize) -> Found<usize> {
    let inside = &line[at + 2..];
    match inside.iter().position(|byte| matches!(byte, b'}' | b'"' | b'\'')) {
        Some(end) if inside[end..].starts_with(b"}}") => Ok(at + 2 + end + 2),
        Some(end) => fault(at + 2 + end, "a clob or a malformed blob"),
        None => fault(at, "the line ends inside this blob"),
    }
}

/// After the number or word that begins at `at`.
fn end_of_word(line: &[u8], at: usize) -> Found<usize> {
    let word = line[at..].iter().position(|byte| is_space(*byte) || b"{}[](),:\"'/".contains(byte));
    let end = word.map_or(line.len(), |size| at + size);
    if end - at > NUMBER_MAX && (line[at] == b'-' || line[at].is_ascii_digit()) {
        return fault(at, "a number with more digits than DynamoDB's have");
    }
    Ok(end)
}

/// After the struct that begins at `start`; its brackets pair.
fn end_of_struct(line: &[u8], start: usize) -> Found<usize> {
    let mut open = [0u8; DEPTH_MAX];
    let (mut depth, mut values, mut at) = (0, 0, start);
    while let Some(byte) = line.get(at) {
        match byte {
            b'{' if line.get(at + 1) == Some(&b'{') => {
                at = end_of_blob(line, at)?;
                continue;
            }
            b'{' | b'[' if depth == DEPTH_MAX => return fault(at, "nested deeper than items are"),
            b'{' | b'[' => {
                open[depth] = *byte;
                depth += 1;
            }
            b'}' | b']' => {
                depth -= 1;
                if (open[depth] == b'{') != (*byte == b'}') {
                    return fault(at, "a bracket that closes another kind");
                }
                if depth == 0 {
                    return Ok(at + 1);
                }
            }
            b'"' | b'\'' => {
                at = end_of_quoted(line, at)?;
                continue;
            }
            b'(' | b')' => return fault(at, "an s-expression, which no export has"),
            b'/' => return fault(at, "a comment, which no export has"),
            b',' => {
                values += 1;
                if values > VALUES_MAX {
                    return fault(at, "more values than an item can hold");
                }
            }
            b':' => {}
            byte if is_space(*byte) => {}
            _ => {
                at = end_of_word(line, at)?;
                continue;
            }
        }
        at += 1;
    }
    fault(line.len(), "the line ends inside the record")
}

impl Json {
    /// A DynamoDB number's canonical text: no exponent, no zeros that say nothing.
    fn number(&mut self, negative: bool, magnitude: &UInt, exponent: i64) -> Result<(), &'static str> {
        if magnitude.is_zero() {
            self.raw("\"0\"");
            return Ok(());
        }
        let text = magnitude.to_string();
        let digits = text.trim_end_matches('0');
        if digits.len() > 38 {
            return Err("a number with more digits than DynamoDB's have");
        }
        // The value is 0.digits times ten to this power; both texts are short, the exponent may be anything.
        let power = exponent.saturating_add(text.len() as i64);
        if !(-129..=126).contains(&power) {
            return Err("a number outside of DynamoDB's range");
        }
        let (power, count) = (power as isize, digits.len() as isize);
        self.raw(if negative { "\"-" } else { "\"" });
        if power <= 0 {
            self.raw("0.");
            self.0.extend(std::iter::repeat_n(b'0', -power as usize));
            self.raw(digits);
        } else if power >= count {
            self.raw(digits);
            self.0.extend(std::iter::repeat_n(b'0', (power - count) as usize));
        } else {
            self.raw(&digits[..power as usize]);
            self.raw(".");
            self.raw(&digits[power as usize..]);
        }
        self.raw("\"");
        Ok(())
    }

    fn scalar(&mut self, value: &Value) -> Result<(), &'static str> {
        match value {
            Value::Decimal(decimal) => {
                let coefficient = decimal.coefficient();
                self.number(coefficient.is_negative(), &coefficient.magnitude(), decimal.exponent())
            }
            Value::Int(int) => self.number(int.is_negative(), &int.unsigned_abs(), 0),
            Value::String(text) => {
                self.string(text.text());
                Ok(())
            }
            Value::Blob(bytes) => {
                self.base64(bytes.as_ref());
                Ok(())
            }
            _ => Err("a value of another type than its set's"),
        }
    }

    fn set(&mut self, kind: &str, list: &Sequence) -> Result<(), &'static str> {
        self.raw("{\"");
        self.raw(kind);
        self.raw("\":[");
        for (index, element) in list.elements().enumerate() {
            let fits = match element.value() {
                Value::String(_) => kind == "SS",
                Value::Decimal(_) | Value::Int(_) => kind == "NS",
                Value::Blob(_) => kind == "BS",
                _ => false,
            };
            if !fits || !element.annotations().is_empty() {
                return Err("a value of another type than its set's");
            }
            self.raw(if index > 0 { "," } else { "" });
            self.scalar(element.value())?;
        }
        self.raw("]}");
        Ok(())
    }

    fn annotated(&mut self, element: &Element) -> Result<(), &'static str> {
        const UNKNOWN: &str = "an annotation other than $dynamodb_SS, $dynamodb_NS and $dynamodb_BS";
        let mut annotations = element.annotations().iter();
        let name = annotations.next().and_then(|symbol| symbol.text()).ok_or(UNKNOWN)?;
        let kind = match name {
            "$dynamodb_SS" => "SS",
            "$dynamodb_NS" => "NS",
            "$dynamodb_BS" => "BS",
            _ => return Err(UNKNOWN),
        };
        match element.value() {
            Value::List(list) if annotations.next().is_none() => self.set(kind, list),
            _ => Err(UNKNOWN),
        }
    }

    fn value(&mut self, element: &Element) -> Result<(), &'static str> {
        if self.0.len() > RECORD_SIZE_MAX {
            return Err("larger than 16 MB");
        }
        if !element.annotations().is_empty() {
            return self.annotated(element);
        }
        match element.value() {
            Value::Null(IonType::Null) => self.raw("{\"NULL\":true"),
            Value::Bool(true) => self.raw("{\"BOOL\":true"),
            Value::Bool(false) => self.raw("{\"BOOL\":false"),
            Value::String(_) => self.raw("{\"S\":"),
            Value::Decimal(_) | Value::Int(_) => self.raw("{\"N\":"),
            Value::Blob(_) => self.raw("{\"B\":"),
            Value::List(list) => {
                self.raw("{\"L\":[");
                for (index, child) in list.elements().enumerate() {
                    self.raw(if index > 0 { "," } else { "" });
                    self.value(child)?;
                }
                self.raw("]");
            }
            Value::Struct(fields) => {
                self.raw("{\"M\":");
                self.attributes(fields)?;
            }
            _ => return Err("a value of a type that no export has"),
        }
        if matches!(element.value(), Value::String(_) | Value::Decimal(_) | Value::Int(_) | Value::Blob(_)) {
            self.scalar(element.value())?;
        }
        self.raw("}");
        Ok(())
    }

    fn fields<'a>(
        &mut self,
        fields: &'a Struct,
        mut each: impl FnMut(&mut Self, &'a Element) -> Result<(), &'static str>,
    ) -> Result<(), &'static str> {
        self.raw("{");
        for (index, (name, element)) in fields.fields().enumerate() {
            self.raw(if index > 0 { "," } else { "" });
            self.string(name.text().ok_or("a name that is a symbol's number")?);
            self.raw(":");
            each(self, element)?;
        }
        self.raw("}");
        Ok(())
    }

    fn attributes(&mut self, fields: &Struct) -> Result<(), &'static str> {
        self.fields(fields, Self::value)
    }

    /// A record's members hold attributes.
    fn record(&mut self, fields: &Struct) -> Result<(), &'static str> {
        self.fields(fields, |json, element| match element.value() {
            Value::Struct(attributes) if element.annotations().is_empty() => json.attributes(attributes),
            _ => json.value(element),
        })
    }
}

/// The record inside its wrapper, if it has one.
fn unwrapped(record: &Struct) -> &Struct {
    match record.get("Record").map(Element::value) {
        Some(Value::Struct(inner)) if record.len() == 1 => inner,
        _ => record,
    }
}

/// `struct bridge_ion`.
#[derive(Default)]
pub struct Ion {
    json: Vec<u8>,
}

impl Ion {
    fn translate(&mut self, line: &[u8]) -> Found<()> {
        let Some(start) = start_of_struct(line)? else {
            return Ok(());
        };
        let end = end_of_struct(line, start)?;
        let rest = skip_space(line, end);
        if rest < line.len() {
            return fault(rest, "something follows the record on its line");
        }
        let text = &line[start..end];
        let element = Element::read_one(text).or_else(|error| fault(start, one_line(&error.to_string())))?;
        let Value::Struct(record) = element.value() else {
            return fault(start, "no struct of Ion 1.0 text");
        };
        let mut json = Json(std::mem::take(&mut self.json));
        let outcome = json.record(unwrapped(record)).or_else(|what| fault(start, what));
        self.json = json.0;
        outcome?;
        if self.json.len() > RECORD_SIZE_MAX {
            return fault(start, "larger than 16 MB");
        }
        Ok(())
    }

    fn line(&mut self, line: &[u8]) -> Result<(), (usize, Failure)> {
        self.json.clear();
        let valid = match std::str::from_utf8(line) {
            Ok(_) => Ok(()),
            Err(error) => fault(error.valid_up_to(), "invalid UTF-8"),
        };
        let panicked = |text: String| Failure::data(format!("its parser gave up ({text})"));
        let found: Outcome<Found<()>> = caught_as(panicked, || Ok(valid.and_then(|()| self.translate(line))));
        match found {
            Ok(Ok(())) => Ok(()),
            Ok(Err(fault)) => Err((fault.at, Failure::data(fault.what))),
            Err(failure) => Err((0, failure)),
        }
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_ion_new(ion: *mut *mut Ion, error: *mut abi::Error) -> c_int {
    unsafe {
        guarded(error, || {
            *ion = Box::into_raw(Box::default());
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_ion_line(
    ion: *mut Ion,
    line: *const c_char,
    size: u64,
    json: *mut *const c_char,
    json_size: *mut u64,
    at: *mut u64,
    error: *mut abi::Error,
) -> c_int {
    unsafe {
        guarded(error, || {
            let ion = &mut *ion;
            let size = usize::try_from(size).map_err(|_| Failure::internal("a line of impossible size"))?;
            let line = if size == 0 { &[][..] } else { std::slice::from_raw_parts(line.cast::<u8>(), size) };
            let outcome = ion.line(line);
            if let Err((place, failure)) = outcome {
                *at = place as u64;
                return Err(failure);
            }
            *json_size = ion.json.len() as u64;
            ion.json.resize(ion.json.len() + PADDING, 0);
            *json = ion.json.as_ptr().cast();
            Ok(())
        })
    }
}

#[no_mangle]
pub unsafe extern "C" fn bridge_ion_free(ion: *mut Ion) {
    if !ion.is_null() {
        unsafe {
            guarded(std::ptr::null_mut(), || {
                drop(Box::from_raw(ion));
                Ok(())
            });
        }
    }
}
