//! Aligned columns without lines around them.

use unicode_width::UnicodeWidthStr;

use super::{Style, plain, shorten};

/// Columns between two columns.
const GAP: usize = 2;
/// A column of names is not made narrower than this.
const MIN_NAME: usize = 8;

/// On which side a column's text stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Align {
    /// Names: to the left; shortened in the middle where the table is too wide.
    Name,
    /// Names that are typed elsewhere: shortened only when that was not enough.
    Id,
    /// Short text: to the left, never shortened.
    Text,
    /// Numbers: to the right, never shortened.
    Number,
}

/// A table that fits the output.
#[derive(Clone, Debug)]
pub struct Table {
    columns: Vec<(&'static str, Align)>,
    rows: Vec<Vec<String>>,
}

impl Table {
    /// An empty table.
    pub fn new(columns: impl Into<Vec<(&'static str, Align)>>) -> Self {
        Self {
            columns: columns.into(),
            rows: Vec::new(),
        }
    }

    /// Adds a row; its text is made safe for terminals.
    pub fn row(&mut self, cells: impl AsRef<[String]>) {
        let cells = cells.as_ref().iter();
        self.rows.push(cells.map(|cell| plain(cell)).collect());
    }

    /// Whether there are no rows.
    pub fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The table as lines, headings first.
    pub fn render(&self, style: &Style) -> String {
        let widths = self.widths(style.columns);
        let headings: Vec<String> = self
            .columns
            .iter()
            .map(|(name, _)| (*name).into())
            .collect();
        let mut out = style.heading(&self.line(&headings, &widths));
        out.push('\n');
        for row in &self.rows {
            out.push_str(&self.line(row, &widths));
            out.push('\n');
        }
        out
    }

    fn line(&self, cells: &[String], widths: &[usize]) -> String {
        let mut line = String::new();
        for ((cell, width), (_, align)) in cells.iter().zip(widths).zip(&self.columns) {
            let cell = match align {
                Align::Name | Align::Id => shorten(cell, *width),
                Align::Text | Align::Number => cell.clone(),
            };
            let pad = " ".repeat(width.saturating_sub(cell.width()));
            match align {
                Align::Name | Align::Id | Align::Text => line.extend([cell.as_str(), &pad]),
                Align::Number => line.extend([pad.as_str(), &cell]),
            }
            line.push_str(&" ".repeat(GAP));
        }
        line.truncate(line.trim_end().len());
        line
    }

    /// The width of each column: the widest names give way until the table fits, then
    /// the widest ids.
    fn widths(&self, columns: usize) -> Vec<usize> {
        let mut widths: Vec<usize> = (0..self.columns.len())
            .map(|at| {
                let cells = self.rows.iter().filter_map(|row| row.get(at));
                let widest = cells.map(|cell| cell.width()).max().unwrap_or(0);
                widest.max(self.columns[at].0.width())
            })
            .collect();
        let gaps = GAP * widths.len().saturating_sub(1);
        while widths.iter().sum::<usize>() + gaps > columns {
            let widest = |align| {
                (0..widths.len())
                    .filter(|at| self.columns[*at].1 == align && widths[*at] > MIN_NAME)
                    .max_by_key(|at| widths[*at])
            };
            let Some(at) = widest(Align::Name).or_else(|| widest(Align::Id)) else {
                break;
            };
            widths[at] -= 1;
        }
        widths
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_stand_right_and_names_give_way() {
        let mut table = Table::new([("NAME", Align::Name), ("COST", Align::Number)]);
        table.row(["a".into(), "1.5".into()]);
        table.row(["x".repeat(100), "12.25".into()]);
        let text = table.render(&Style::plain());
        let lines: Vec<&str> = text.lines().collect();
        assert!(lines.iter().all(|line| line.len() == 80), "{text}");
        assert!(lines[0].starts_with("NAME ") && lines[0].ends_with(" COST"));
        assert!(lines[1].ends_with("  1.5"));
        assert!(lines[2].contains("xxx...xxx"));
    }

    #[test]
    fn ids_give_way_last() {
        let mut table = Table::new([("ID", Align::Id), ("TASK", Align::Name)]);
        table.row(["i".repeat(60), "t".repeat(60)]);
        let text = table.render(&Style::plain());
        assert!(
            text.lines()
                .all(|line| line.len() == 80 || line.starts_with("ID"))
        );
        assert!(text.contains(&"i".repeat(60)), "{text}");
        table.row(["i".repeat(90), "t".repeat(60)]);
        let text = table.render(&Style::plain());
        assert!(text.lines().all(|line| line.len() <= 80), "{text}");
    }

    #[test]
    fn control_characters_do_not_break_rows() {
        let mut table = Table::new([("NAME", Align::Name)]);
        table.row(["a\nb\u{1b}[2J".into()]);
        assert_eq!(table.render(&Style::plain()), "NAME\na b\n");
    }
}
