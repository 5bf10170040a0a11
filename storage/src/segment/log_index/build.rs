//! Builds the log index in memory and writes its files.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::path::PathBuf;

use arrow::array::{Array, AsArray, RecordBatch};
use tantivy::directory::{OwnedBytes, RamDirectory};
use tantivy::schema::{BytesOptions, Field, IndexRecordOption, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{Token, TokenStream, Tokenizer};
use tantivy::{Directory, Index, IndexSettings, SingleSegmentIndexWriter, TantivyDocument};

use super::{BODY, TRACE_ID};
use crate::error::Error;
use crate::limits::LOG_INDEX_BUILD_BYTES;
use crate::schema::col;
use crate::segment::trace_rows::column;
use crate::text::for_each_token;

/// The tokenizer's name inside the index.
const TOKENIZER: &str = "telltale_v1";

/// Adds rows to an index, in order.
pub(crate) struct LogIndexBuilder {
    writer: SingleSegmentIndexWriter,
    body: Field,
    trace_id: Field,
    directory: RamDirectory,
}

impl LogIndexBuilder {
    pub(crate) fn new() -> Result<Self, Error> {
        let mut schema = Schema::builder();
        let words = TextFieldIndexing::default()
            .set_tokenizer(TOKENIZER)
            .set_index_option(IndexRecordOption::Basic)
            .set_fieldnorms(false);
        let body = schema.add_text_field(BODY, TextOptions::default().set_indexing_options(words));
        let trace_id = schema.add_bytes_field(TRACE_ID, BytesOptions::default().set_indexed());
        let directory = RamDirectory::create();
        let index = Index::create(directory.clone(), schema.build(), IndexSettings::default()).map_err(bug)?;
        register_tokenizer(&index);
        let writer = Index::builder()
            .schema(index.schema())
            .tokenizers(index.tokenizers().clone())
            .single_segment_index_writer(directory.clone(), LOG_INDEX_BUILD_BYTES)
            .map_err(bug)?;
        Ok(Self { writer, body, trace_id, directory })
    }

    /// Adds the rows of a log batch; every row is a document, also one without a body.
    pub(crate) fn push(&mut self, batch: &RecordBatch) -> Result<(), Error> {
        let bodies = column(batch, col::BODY, AsArray::as_string_opt::<i32>)?;
        let ids = column(batch, col::TRACE_ID, AsArray::as_fixed_size_binary_opt)?;
        for row in 0..batch.num_rows() {
            let mut document = TantivyDocument::default();
            if bodies.is_valid(row) {
                document.add_text(self.body, bodies.value(row));
            }
            if ids.is_valid(row) {
                document.add_bytes(self.trace_id, ids.value(row));
            }
            self.writer.add_document(document).map_err(bug)?;
        }
        Ok(())
    }

    /// Returns the memory that the index takes so far, in bytes.
    pub(crate) fn memory_bytes(&self) -> usize {
        self.writer.mem_usage()
    }

    /// Returns the index's files, by name.
    pub(crate) fn finish(self) -> Result<BTreeMap<PathBuf, OwnedBytes>, Error> {
        let index = self.writer.finalize().map_err(bug)?;
        let mut names = index.directory().list_managed_files();
        names.insert(PathBuf::from("meta.json"));
        let mut files = BTreeMap::new();
        for name in names {
            if self.directory.exists(&name).map_err(bug)? {
                let slice = self.directory.open_read(&name).map_err(bug)?;
                files.insert(name, slice.read_bytes().map_err(bug)?);
            }
        }
        Ok(files)
    }
}

fn bug(error: impl std::fmt::Display) -> Error {
    Error::Bug(format!("building a log index: {error}"))
}

/// Makes the index cut texts as [`crate::text`] does.
pub(crate) fn register_tokenizer(index: &Index) {
    index.tokenizers().register(TOKENIZER, Words::default());
}

/// [`crate::text`]'s tokenizer in tantivy's form. tantivy pulls words, so that a text's words are gathered first.
#[derive(Debug, Clone, Default)]
struct Words {
    text: String,
    ends: Vec<usize>,
}

struct WordStream<'a> {
    words: &'a Words,
    next: usize,
    start: usize,
    token: Token,
}

impl Tokenizer for Words {
    type TokenStream<'a> = WordStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> Self::TokenStream<'a> {
        self.text.clear();
        self.ends.clear();
        for_each_token(text, |word| {
            self.text.push_str(word);
            self.ends.push(self.text.len());
            ControlFlow::Continue(())
        });
        WordStream { words: self, next: 0, start: 0, token: Token::default() }
    }
}

impl TokenStream for WordStream<'_> {
    fn advance(&mut self) -> bool {
        let Some(end) = self.words.ends.get(self.next) else { return false };
        self.token.text.clear();
        self.token.text.push_str(self.words.text.get(self.start..*end).unwrap_or_default());
        self.token.position = self.next;
        (self.next, self.start) = (self.next + 1, *end);
        true
    }

    fn token(&self) -> &Token {
        &self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        &mut self.token
    }
}
