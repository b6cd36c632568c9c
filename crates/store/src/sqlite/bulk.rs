//! Statements over many rows at once: a statement costs a hop to the connection's thread, so nothing is written row by row.

use sqlx::{
    AssertSqlSafe, Encode, Sqlite, SqliteConnection, Type,
    sqlite::{SqliteArguments, SqliteRow},
};

use crate::StoreError;

/// The most rows of one statement. Statements come in sizes of powers of two up to this one, so that all of them stay
/// prepared; doubling it gained nothing measurable and doubles their memory.
const MOST_ROWS: usize = 128;

/// Up to so many rows a statement may join others. Larger ones go alone, so that the kinds of scripts stay few.
const MOST_JOINED: usize = 4;

/// The most values in one list.
const MOST_VALUES: usize = 512;

/// The values of one statement, in the order of its parameters.
#[derive(Default)]
pub(super) struct Values {
    arguments: SqliteArguments,
    failure: Option<sqlx::error::BoxDynError>,
}

impl Values {
    /// Adds the next value.
    pub(super) fn push<'q, T: Encode<'q, Sqlite> + Type<Sqlite>>(&mut self, value: T) {
        use sqlx::Arguments as _;
        if let Err(failure) = self.arguments.add(value) {
            self.failure.get_or_insert(failure);
        }
    }

    fn finish(self) -> Result<SqliteArguments, StoreError> {
        match self.failure {
            None => Ok(self.arguments),
            Some(failure) => Err(sqlx::Error::Encode(failure).into()),
        }
    }
}

/// Statements that go to the database together, in one hop. Their parameters are all written `?`.
#[derive(Default)]
pub(super) struct Script {
    text: String,
    values: Values,
}

impl Script {
    /// Adds a statement, with its values in the order of its parameters.
    pub(super) fn push(&mut self, statement: &str, bind: impl FnOnce(&mut Values)) {
        if !self.text.is_empty() {
            self.text.push(';');
        }
        self.text.push_str(statement);
        bind(&mut self.values);
    }

    /// Runs the statements in order.
    pub(super) async fn run(self, connection: &mut SqliteConnection) -> Result<(), StoreError> {
        if self.text.is_empty() {
            return Ok(());
        }
        sqlx::query_with(AssertSqlSafe(self.text), self.values.finish()?).execute(connection).await?;
        Ok(())
    }
}

/// `HEAD (?,?),(?,?)… TAIL` with `columns` values for each of `rows`, split over as many statements as needed.
pub(super) struct ManyRows {
    /// Up to and including `VALUES`.
    pub(super) head: &'static str,
    /// How many values a row has.
    pub(super) columns: usize,
    /// What follows the rows.
    pub(super) tail: &'static str,
}

impl ManyRows {
    /// Runs the statement over `rows`; `bind` pushes exactly [`Self::columns`] values for each.
    pub(super) async fn run<R: Sync>(
        &self,
        connection: &mut SqliteConnection,
        rows: &[R],
        bind: impl FnMut(&R, &mut Values) + Send,
    ) -> Result<(), StoreError> {
        let mut script = Script::default();
        self.add(&mut script, connection, rows, bind).await?;
        script.run(connection).await
    }

    /// As [`Self::run`], but the few rows that fill no large statement only join `script`.
    pub(super) async fn add<R: Sync>(
        &self,
        script: &mut Script,
        connection: &mut SqliteConnection,
        rows: &[R],
        mut bind: impl FnMut(&R, &mut Values) + Send,
    ) -> Result<(), StoreError> {
        let mut rest = rows;
        while !rest.is_empty() {
            let size = largest_power_of_two(rest.len()).min(MOST_ROWS);
            let (chunk, after) = rest.split_at(size);
            let mut alone = Script::default();
            let small = size <= MOST_JOINED;
            let part = if small { &mut *script } else { &mut alone };
            part.push(&self.text(size), |values| chunk.iter().for_each(|row| bind(row, values)));
            alone.run(connection).await?;
            rest = after;
        }
        Ok(())
    }

    fn text(&self, rows: usize) -> String {
        let mut text =
            String::with_capacity(self.head.len() + self.tail.len() + rows * (self.columns * 2 + 2));
        text.push_str(self.head);
        for row in 0..rows {
            text.push_str(if row == 0 { "(" } else { ",(" });
            push_placeholders(&mut text, self.columns);
            text.push(')');
        }
        text.push_str(self.tail);
        text
    }
}

/// `HEAD (?,?,…) TAIL`: a statement about the rows whose key is in a list.
pub(super) struct Among {
    /// Up to and including `IN`.
    pub(super) head: &'static str,
    /// What follows the list.
    pub(super) tail: &'static str,
}

impl Among {
    /// Runs the statement for its effect.
    pub(super) async fn run<T: Listed>(
        &self,
        connection: &mut SqliteConnection,
        keys: &[T],
    ) -> Result<(), StoreError> {
        for chunk in keys.chunks(MOST_VALUES) {
            let (text, arguments) = self.statement(chunk)?;
            sqlx::query_with(AssertSqlSafe(text), arguments).execute(&mut *connection).await?;
        }
        Ok(())
    }

    /// The rows of the statement.
    pub(super) async fn rows<T: Listed>(
        &self,
        connection: &mut SqliteConnection,
        keys: &[T],
    ) -> Result<Vec<SqliteRow>, StoreError> {
        let mut rows = Vec::with_capacity(keys.len());
        for chunk in keys.chunks(MOST_VALUES) {
            let (text, arguments) = self.statement(chunk)?;
            rows.extend(sqlx::query_with(AssertSqlSafe(text), arguments).fetch_all(&mut *connection).await?);
        }
        Ok(rows)
    }

    fn statement<T: Listed>(&self, chunk: &[T]) -> Result<(String, SqliteArguments), StoreError> {
        // Repeating the last key up to a power of two changes no answer and keeps the number of statements small.
        let size = chunk.len().next_power_of_two();
        let mut values = Values::default();
        let padding = chunk.last().into_iter().cycle().take(size - chunk.len());
        for key in chunk.iter().chain(padding) {
            key.push(&mut values);
        }
        let mut text = String::with_capacity(self.head.len() + self.tail.len() + size * 2 + 2);
        text.push_str(self.head);
        text.push('(');
        push_placeholders(&mut text, size);
        text.push(')');
        text.push_str(self.tail);
        Ok((text, values.finish()?))
    }
}

/// A key that lists are made of.
pub(super) trait Listed: Sync {
    /// Adds it to the values.
    fn push(&self, values: &mut Values);
}

impl Listed for i64 {
    fn push(&self, values: &mut Values) {
        values.push(*self);
    }
}

impl Listed for [u8; 16] {
    fn push(&self, values: &mut Values) {
        values.push(self.to_vec());
    }
}

impl Listed for &str {
    fn push(&self, values: &mut Values) {
        values.push((*self).to_owned());
    }
}

fn push_placeholders(text: &mut String, count: usize) {
    for index in 0..count {
        text.push_str(if index == 0 { "?" } else { ",?" });
    }
}

fn largest_power_of_two(number: usize) -> usize {
    1 << number.max(1).ilog2()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_and_lists_are_written_in_sizes_of_powers_of_two() {
        let rows = ManyRows { head: "INSERT INTO t VALUES ", columns: 2, tail: " ON CONFLICT DO NOTHING" };
        assert_eq!(rows.text(2), "INSERT INTO t VALUES (?,?),(?,?) ON CONFLICT DO NOTHING");
        let among = Among { head: "SELECT 1 WHERE 1 IN ", tail: "" };
        assert_eq!(among.statement(&[1_i64, 2, 3]).unwrap().0, "SELECT 1 WHERE 1 IN (?,?,?,?)");
        assert_eq!([1, 2, 3, 127, 128].map(largest_power_of_two), [1, 2, 2, 64, 128]);
    }
}
