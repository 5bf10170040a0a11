//! Decoding against prost's generated decoder, on arbitrary requests and on damaged ones; and the rules one by one.

mod arbitrary;
mod differential;
mod flat;
mod rules;
