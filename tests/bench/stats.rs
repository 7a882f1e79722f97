//! Medians, and how far the runs lie apart.

/// The middle of several figures, with the least and the greatest.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) min: f64,
    pub(crate) max: f64,
}

impl Spread {
    /// None of no figures.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut figures: Vec<f64> = figures.into_iter().collect();
        figures.sort_by(f64::total_cmp);
        let (min, max) = (*figures.first()?, *figures.last()?);
        let (low, high) = (figures[(figures.len() - 1) / 2], figures[figures.len() / 2]);
        Some(Self { median: f64::midpoint(low, high), min, max })
    }
}

/// Seconds with three digits that count.
pub(crate) fn seconds(value: f64) -> String {
    match value {
        value if value < 0.1 => format!("{:.1} ms", value * 1e3),
        value if value < 1.0 => format!("{:.0} ms", value * 1e3),
        value if value < 10.0 => format!("{value:.2} s"),
        value => format!("{value:.1} s"),
    }
}

/// A ratio: fine where it is near one.
pub(crate) fn ratio(value: f64) -> String {
    if value < 9.95 { format!("{value:.2}") } else { format!("{value:.1}") }
}

/// A whole number with commas.
pub(crate) fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_in_the_middle() {
        assert_eq!(Spread::of([3.0, 1.0, 2.0]), Some(Spread { median: 2.0, min: 1.0, max: 3.0 }));
        assert_eq!(Spread::of([4.0, 1.0]), Some(Spread { median: 2.5, min: 1.0, max: 4.0 }));
        assert_eq!(Spread::of([]), None);
    }

    #[test]
    fn figures_are_short() {
        assert_eq!([0.0314, 0.25, 1.034, 11.84].map(seconds), ["31.4 ms", "250 ms", "1.03 s", "11.8 s"]);
        assert_eq!([0.684, 12.34].map(ratio), ["0.68", "12.3"]);
    }

    #[test]
    fn commas_stand_between_thousands() {
        assert_eq!([7.4, 1234.0, 195_000.0, 1_000_000.0].map(thousands), ["7", "1,234", "195,000", "1,000,000"]);
    }
}
