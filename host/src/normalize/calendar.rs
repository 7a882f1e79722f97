//! Days of the Gregorian calendar, counted from 1970-01-01.

/// A day of the Gregorian calendar, which may be none.
#[derive(Clone, Copy)]
pub(crate) struct Date {
    pub(crate) year: i64,
    pub(crate) month: u32,
    pub(crate) day: u32,
}

impl Date {
    /// Days since 1970-01-01; none for a day that no month has.
    pub(crate) fn days(self) -> Option<i64> {
        let valid = (1..=9999).contains(&self.year)
            && (1..=12).contains(&self.month)
            && (1..=days_in_month(self.year, self.month)).contains(&self.day);
        if !valid {
            return None;
        }
        // Years are counted from March, so that the leap day is the last of its year.
        let year = if self.month <= 2 { self.year - 1 } else { self.year };
        let month = i64::from((self.month + 9) % 12);
        let day_of_year = (153 * month + 2) / 5 + i64::from(self.day) - 1;
        Some(year * 365 + year.div_euclid(4) - year.div_euclid(100) + year.div_euclid(400) + day_of_year - 719_468)
    }
}

/// The day of an ISO week date as days since 1970-01-01.
pub(crate) fn week_date(year: i64, week: u32, weekday: u32) -> Option<i64> {
    let january_4 = Date { year, month: 1, day: 4 }.days()?;
    // 1970-01-01 was a Thursday; Monday counts as 1.
    let first_weekday = (january_4 + 3).rem_euclid(7) + 1;
    let january_1_weekday = (january_4 - 3 + 3).rem_euclid(7) + 1;
    let long_year = january_1_weekday == 4 || (january_1_weekday == 3 && is_leap(year));
    if week > 53 || (week > 52 && !long_year) || weekday > 7 {
        return None;
    }
    Some(january_4 - first_weekday + (i64::from(week) - 1) * 7 + i64::from(weekday))
}

/// The day of an ordinal date as days since 1970-01-01.
pub(crate) fn ordinal_date(year: i64, ordinal: u32) -> Option<i64> {
    let length = if is_leap(year) { 366 } else { 365 };
    (1..=length).contains(&ordinal).then_some(())?;
    Some(Date { year, month: 1, day: 1 }.days()? + i64::from(ordinal) - 1)
}

fn is_leap(year: i64) -> bool {
    year % 4 == 0 && (year % 100 != 0 || year % 400 == 0)
}

fn days_in_month(year: i64, month: u32) -> u32 {
    match month {
        2 if is_leap(year) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}
