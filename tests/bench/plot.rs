//! Plots as SVG texts, without scripts, in colours that are read on white and on dark grounds.

use std::fmt::Write as _;

const WIDTH: f64 = 800.0;

/// What labels stand in left of the plot.
const LEFT: f64 = 190.0;

/// The step from one bar or line of text to the next.
const STEP: f64 = 26.0;

/// About as far from white as from black.
const INK: &str = "#777777";

const COLOURS: [&str; 8] = ["#2f81d7", "#d9480f", "#2b8a3e", "#9c36b5", "#c2790a", "#0b8793", "#d6336c", "#7a8a1e"];

/// A bar with its figure in words.
#[derive(Clone, Debug)]
pub(crate) struct Bar {
    pub(crate) label: String,
    pub(crate) value: f64,
    pub(crate) figure: String,
}

/// A line of a plot with two logarithmic axes. All values are above zero.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    pub(crate) label: String,
    pub(crate) points: Vec<Point>,
}

/// A point with its figure in words.
#[derive(Clone, Debug)]
pub(crate) struct Point {
    pub(crate) x: f64,
    pub(crate) y: f64,
    pub(crate) figure: String,
}

/// Bars one below the other, the figure behind each.
pub(crate) fn bars(title: &str, axis: &str, bars: &[Bar]) -> String {
    let most = bars.iter().map(|bar| bar.value).fold(f64::MIN_POSITIVE, f64::max);
    let mut canvas = Canvas::default();
    canvas.text(WIDTH / 2.0, 24.0, "middle", INK, title);
    let mut y = 44.0;
    for (bar, colour) in bars.iter().zip(COLOURS.iter().cycle()) {
        let width = bar.value / most * (WIDTH - LEFT - 110.0);
        canvas.text(LEFT - 8.0, y + 14.0, "end", INK, &bar.label);
        canvas.add(&format!(
            r#"<rect x="{LEFT}" y="{y}" width="{width:.1}" height="18" fill="{colour}"><title>{}</title></rect>"#,
            escaped(&format!("{}: {}", bar.label, bar.figure))
        ));
        canvas.text(LEFT + width + 8.0, y + 14.0, "start", INK, &bar.figure);
        y += STEP;
    }
    canvas.rule((LEFT, 38.0), (LEFT, y));
    canvas.text(LEFT, y + 20.0, "start", INK, axis);
    canvas.done(y + 36.0, title)
}

/// Lines between logarithmic axes; below the plot the figures of each, under the points.
pub(crate) fn lines(title: &str, [x_axis, y_axis]: [&str; 2], x_marks: &[f64], lines: &[Line]) -> String {
    let points = || lines.iter().flat_map(|line| &line.points);
    let xs = Axis::of(points().map(|point| point.x).chain(x_marks.iter().copied()), LEFT + 20.0, WIDTH - 50.0);
    let (top, bottom) = (44.0, 344.0);
    let ys = Axis::of(points().map(|point| point.y), bottom, top);
    let mut canvas = Canvas::default();
    canvas.text(WIDTH / 2.0, 24.0, "middle", INK, title);
    for power in ys.from..=ys.to {
        let value = 10_f64.powi(power);
        let y = ys.place(value);
        canvas.rule((LEFT, y), (WIDTH - 30.0, y));
        canvas.text(LEFT - 8.0, y + 4.0, "end", INK, &plain(value));
    }
    canvas.text(16.0, f64::midpoint(top, bottom), "start", INK, y_axis);
    for mark in x_marks {
        let x = xs.place(*mark);
        canvas.rule((x, bottom), (x, bottom + 6.0));
        canvas.text(x, bottom + 22.0, "middle", INK, &plain(*mark));
    }
    canvas.text(LEFT - 8.0, bottom + 22.0, "end", INK, x_axis);
    let mut y = bottom + 22.0 + STEP;
    for (line, colour) in lines.iter().zip(COLOURS.iter().cycle()) {
        let place = |point: &Point| (xs.place(point.x), ys.place(point.y));
        let path: Vec<String> = line.points.iter().map(place).map(|(x, y)| format!("{x:.1},{y:.1}")).collect();
        canvas
            .add(&format!(r#"<polyline points="{}" fill="none" stroke="{colour}" stroke-width="2"/>"#, path.join(" ")));
        canvas.text(LEFT - 8.0, y, "end", colour, &line.label);
        for point in &line.points {
            let (x, at) = place(point);
            canvas.add(&format!(r#"<circle cx="{x:.1}" cy="{at:.1}" r="4" fill="{colour}"/>"#));
            canvas.text(x, y, "middle", colour, &point.figure);
        }
        y += STEP - 6.0;
    }
    canvas.done(y, title)
}

/// A logarithmic axis of whole decades.
struct Axis {
    from: i32,
    to: i32,
    start: f64,
    end: f64,
}

impl Axis {
    fn of(values: impl Iterator<Item = f64>, start: f64, end: f64) -> Self {
        let logs: Vec<f64> = values.map(f64::log10).collect();
        #[expect(clippy::cast_possible_truncation, reason = "a float has some hundred decades")]
        let whole = |value: f64| value as i32;
        let from = whole(logs.iter().copied().fold(f64::INFINITY, f64::min).floor());
        let to = whole(logs.iter().copied().fold(f64::NEG_INFINITY, f64::max).ceil()).max(from + 1);
        Self { from, to, start, end }
    }

    fn place(&self, value: f64) -> f64 {
        let (from, to) = (f64::from(self.from), f64::from(self.to));
        self.start + (value.log10() - from) / (to - from) * (self.end - self.start)
    }
}

/// The elements of a plot.
#[derive(Default)]
struct Canvas(String);

// Writing to a string cannot fail, so the answers of `writeln!` are not looked at.
impl Canvas {
    fn add(&mut self, element: &str) {
        let _ = writeln!(self.0, "  {element}");
    }

    fn text(&mut self, x: f64, y: f64, anchor: &str, colour: &str, text: &str) {
        let text = escaped(text);
        self.add(&format!(r#"<text x="{x:.1}" y="{y:.1}" text-anchor="{anchor}" fill="{colour}">{text}</text>"#));
    }

    fn rule(&mut self, (x1, y1): (f64, f64), (x2, y2): (f64, f64)) {
        self.add(&format!(
            r#"<line x1="{x1:.1}" y1="{y1:.1}" x2="{x2:.1}" y2="{y2:.1}" stroke="{INK}" stroke-opacity="0.5"/>"#
        ));
    }

    fn done(self, height: f64, title: &str) -> String {
        let title = escaped(title);
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height:.0}\" width=\"{WIDTH}\" \
             height=\"{height:.0}\" font-family=\"sans-serif\" font-size=\"13\" role=\"img\">\n  \
             <title>{title}</title>\n{}</svg>\n",
            self.0
        )
    }
}

/// A power of ten, or any number that needs no rounding, with commas.
fn plain(value: f64) -> String {
    if value < 1.0 { value.to_string() } else { crate::stats::thousands(value) }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Fails unless each element that is opened is closed in its turn.
    fn check(svg: &str) {
        let mut open = Vec::new();
        let mut rest = svg;
        while let Some((text, behind)) = rest.split_once('<') {
            assert!(!text.contains(['>', '"']), "{text}");
            let (tag, behind) = behind.split_once('>').unwrap();
            assert!(!tag.contains("NaN") && !tag.contains("inf"), "{tag}");
            assert!(tag.matches('"').count().is_multiple_of(2), "{tag}");
            let name = tag.split(' ').next().unwrap();
            if let Some(name) = name.strip_prefix('/') {
                assert_eq!(open.pop(), Some(name), "{svg}");
            } else if !tag.ends_with('/') {
                open.push(name);
            }
            rest = behind;
        }
        assert!(open.is_empty() && rest == "\n", "{open:?}");
    }

    #[test]
    fn bars_have_their_figures() {
        let bar = |label: &str, value, figure: &str| Bar { label: label.into(), value, figure: figure.into() };
        let svg = bars("Rows <fast>", "rows/s", &[bar("a & b", 200.0, "200"), bar("c", 50.0, "50")]);
        check(&svg);
        for expect in
            ["Rows &lt;fast&gt;", "a &amp; b", ">200<", ">50<", ">rows/s<", r#"width="500.0""#, r#"width="125.0""#]
        {
            assert!(svg.contains(expect), "{expect}\n{svg}");
        }
    }

    #[test]
    fn lines_have_their_figures() {
        let point = |x, y, figure: &str| Point { x, y, figure: figure.into() };
        let line =
            Line { label: "ours".into(), points: vec![point(1.0, 0.03, "30 ms"), point(200_000.0, 1.1, "1.10 s")] };
        let svg = lines("Time", ["rows", "seconds"], &[1.0, 200_000.0], &[line]);
        check(&svg);
        for expect in [">30 ms<", ">1.10 s<", ">200,000<", ">0.01<", ">10<", ">rows<", ">seconds<", ">ours<"] {
            assert!(svg.contains(expect), "{expect}\n{svg}");
        }
    }

    #[test]
    fn nothing_is_divided_by_nothing() {
        check(&bars("none", "rows/s", &[]));
        let point = Point { x: 1.0, y: 1.0, figure: "1 s".into() };
        check(&lines("one", ["rows", "s"], &[1.0], &[Line { label: "a".into(), points: vec![point] }]));
    }
}
