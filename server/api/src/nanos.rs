//! Nanoseconds as decimal strings in JSON.

use std::fmt;

use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

/// Nanoseconds since the Unix epoch; a decimal string in JSON, read from strings and numbers alike.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Nanos(pub u64);

/// A length of time in nanoseconds, possibly negative; a decimal string in JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct SignedNanos(pub i64);

impl Serialize for Nanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

impl Serialize for SignedNanos {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Reads an integer of type `T` from a JSON string or number.
struct IntegerVisitor<T>(std::marker::PhantomData<T>);

impl<T> Visitor<'_> for IntegerVisitor<T>
where
    T: std::str::FromStr + TryFrom<u64> + TryFrom<i64>,
{
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("nanoseconds as a decimal string or an integer")
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<T, E> {
        text.parse().map_err(|_ignored| E::custom(format!("{text:?} is not a count of nanoseconds")))
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<T, E> {
        T::try_from(value).map_err(|_ignored| E::custom(format!("{value} is out of range")))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<T, E> {
        T::try_from(value).map_err(|_ignored| E::custom(format!("{value} is out of range")))
    }
}

impl<'de> Deserialize<'de> for Nanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor(std::marker::PhantomData)).map(Self)
    }
}

impl<'de> Deserialize<'de> for SignedNanos {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(IntegerVisitor(std::marker::PhantomData)).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_values_keep_every_digit() {
        let json = serde_json::to_string(&Nanos(u64::MAX)).unwrap();
        assert_eq!(json, "\"18446744073709551615\"");
        assert_eq!(serde_json::from_str::<Nanos>(&json).unwrap(), Nanos(u64::MAX));
        assert_eq!(serde_json::from_str::<SignedNanos>("-5").unwrap(), SignedNanos(-5));
    }
}
