//! The judge is dlt 1.31: each case is what its detection and its coercion make of the text.

use proptest::prelude::*;

use super::*;

const fn instant(micros: i64, truncated: bool) -> Moment {
    Moment::Instant { micros, truncated }
}

const CASES: [(&str, Option<Moment>); 150] = [
    ("2024-01-02T03:04:05", Some(instant(1_704_164_645_000_000, false))),
    ("2024-01-02T03:04:05Z", Some(instant(1_704_164_645_000_000, false))),
    ("2024-01-02 03:04:05", Some(instant(1_704_164_645_000_000, false))),
    ("2024-01-02T03", Some(instant(1_704_164_400_000_000, false))),
    ("2024-01-02T03:04", Some(instant(1_704_164_640_000_000, false))),
    ("20240102T030405Z", Some(instant(1_704_164_645_000_000, false))),
    ("2024-01-02T03:04:05.123456789Z", Some(instant(1_704_164_645_123_456, true))),
    ("2024-01-02T03:04:05,5+02:00", Some(instant(1_704_157_445_500_000, false))),
    ("2024-01-02T03:04:05+0200", Some(instant(1_704_157_445_000_000, false))),
    ("2024-01-02T03:04:05+02", Some(instant(1_704_157_445_000_000, false))),
    ("2024-01-02T24:00:00", None),
    ("2024-01-02T24:00:00Z", None),
    ("2024-01-02T03:04:60", None),
    ("2024-01-02", Some(Moment::Day(19_724))),
    ("20240102", Some(Moment::Day(19_724))),
    ("03:04:05", Some(Moment::TimeOfDay(11_045_000_000))),
    ("2024-W01-1", Some(Moment::Day(19_723))),
    ("2024-001", Some(Moment::Day(19_723))),
    ("2024/01/02", Some(Moment::Day(19_724))),
    ("2024-01", Some(Moment::Day(19_723))),
    ("2024-W01-1T10:00", Some(instant(1_704_103_200_000_000, false))),
    ("2024-001T10", Some(instant(1_704_103_200_000_000, false))),
    ("2024/01/02 10:11", Some(instant(1_704_190_260_000_000, false))),
    ("2024:01:02 10:11:12.5", Some(instant(1_704_190_272_500_000, false))),
    ("20240102 10:11:12", Some(instant(1_704_190_272_000_000, false))),
    ("2024 10:11", Some(instant(1_704_103_860_000_000, false))),
    ("2024-01-02  03:04", None),
    ("2024-01-02T", None),
    ("2024-01-02 ", None),
    ("0000-01-01T00:00:00", None),
    ("0001-01-01T00:00:00Z", Some(instant(-62_135_596_800_000_000, false))),
    ("0001-01-01T00:00:00+01:00", None),
    ("9999-12-31T23:59:59.999999Z", Some(instant(253_402_300_799_999_999, false))),
    ("9999-12-31T23:59:59-01:00", None),
    ("2024-02-30T00:00:00", None),
    ("2024-01-02T03:04:05.Z", None),
    ("2024-01-02T03:04:05.1234567891", Some(instant(1_704_164_645_123_456, true))),
    ("2024-01-02T3:04:05", None),
    ("2024-01-02t03:04:05z", None),
    ("2024-01-02T03:04:05 Z", None),
    ("2024-01-02T03:04:05+25:00", None),
    ("2024-01-02T03:04:05-25:00", None),
    ("2024-01-02T03:04:05+24:00", None),
    ("2024-01-02T03:04:05+24:01", None),
    ("2024-01-02T03:04:05+23:59", Some(instant(1_704_078_305_000_000, false))),
    ("2024-01-02T03:04:05+00:99", Some(instant(1_704_158_705_000_000, false))),
    ("2024-01-02T030405", None),
    ("20240102T03:04:05", None),
    ("20240102T0304", Some(instant(1_704_164_640_000_000, false))),
    ("20240102T03", Some(instant(1_704_164_400_000_000, false))),
    ("2024-01-02T03:0405", None),
    ("2024-01-02T0304:05", None),
    ("1700000000", None),
    ("1700000000.5", None),
    ("nan", None),
    ("1e10", None),
    ("P1D", None),
    ("2024-01-01T00:00:00/2024-01-02T00:00:00", None),
    ("2024-01-01T00/P1D", None),
    ("T10:00", Some(Moment::TimeOfDay(36_000_000_000))),
    ("10:00", Some(Moment::TimeOfDay(36_000_000_000))),
    (" 2024-01-02T03:04:05", None),
    ("2024-01-02T03:04:05Zx", None),
    ("2024-01-02T03:04:05.123Z", Some(instant(1_704_164_645_123_000, false))),
    ("2024-01-02T03:04.5", None),
    ("2024-01-02T03.5", None),
    ("2024-01-02T03:04Z", Some(instant(1_704_164_640_000_000, false))),
    ("2024-01-02T03Z", Some(instant(1_704_164_400_000_000, false))),
    ("2024-01-02T03+01", Some(instant(1_704_160_800_000_000, false))),
    ("2024-01-02T03:04:05+2", None),
    ("2024-01-02T03:04:05+02:", Some(instant(1_704_157_445_000_000, false))),
    ("2024-01-02T03:04:05+02:0", None),
    ("2024010210", None),
    ("202401021011", None),
    ("2024-01-0203:04", None),
    ("2024-01-02 03:04:05 +02:00", None),
    ("2024-01-02T03:04:05|5", None),
    ("2024/01/02 10:11|5", Some(instant(1_704_190_260_500_000, false))),
    ("20240102 1:2", Some(instant(1_704_157_320_000_000, false))),
    ("2024-01T10:00", Some(instant(1_704_103_200_000_000, false))),
    ("2024-W01T10", Some(instant(1_704_103_200_000_000, false))),
    ("2024W011T10", Some(instant(1_704_103_200_000_000, false))),
    ("2024W01T10:30", Some(instant(1_704_105_000_000_000, false))),
    ("2024001T10:30", Some(instant(1_704_105_000_000_000, false))),
    ("2024T10", None),
    ("2024-01-02T23:59:60", None),
    ("99999999999999", None),
    ("253402300799", None),
    ("253402300800", None),
    ("-62135596800", None),
    ("-62135596801", None),
    ("0", None),
    ("2024-1-02T03:04:05", None),
    ("2024/01/02 10:", None),
    ("2024-01-02T03:04:05.12345678Z", Some(instant(1_704_164_645_123_456, true))),
    ("2024-01-02T03:04:05Z\n", None),
    ("2024-01-02T03:04:05\0", None),
    ("1.5e9", None),
    ("-1", None),
    ("-1.5", None),
    ("1700000000.1234567", None),
    (" 1700000000 ", None),
    ("1_700_000_000", None),
    ("inf", None),
    ("1.0000005", None),
    ("0.0000005", None),
    ("0.0000015", None),
    ("2.5e-7", None),
    ("1700000000.9999996", None),
    ("0x10", None),
    ("2024-02-29T00:00:00Z", Some(instant(1_709_164_800_000_000, false))),
    ("2023-02-29T00:00:00Z", None),
    ("1969-12-31T23:59:59.999999Z", Some(instant(-1, false))),
    ("2024-W53", None),
    ("2020-W53-7", Some(Moment::Day(18_630))),
    ("2024-W00", Some(Moment::Day(19_716))),
    ("2020-W00-1", Some(Moment::Day(18_253))),
    ("2024-366", Some(Moment::Day(20_088))),
    ("2023-366", None),
    ("2024-000", None),
    ("202410:11", Some(Moment::Day(20_007))),
    ("2024010210:11", Some(instant(1_704_190_260_000_000, false))),
    ("2024/01/0210:11", Some(instant(1_704_190_260_000_000, false))),
    ("2024/01", None),
    ("202401", None),
    ("2024", Some(Moment::Day(19_723))),
    ("20240102T03:04Z", Some(instant(1_704_164_640_000_000, false))),
    ("2024-01-02T03:04:05.0000001Z", Some(instant(1_704_164_645_000_000, true))),
    ("2024-01-02T03:04:05.000000100", Some(instant(1_704_164_645_000_000, true))),
    ("2024-01-02T03:04:05.123456000Z", Some(instant(1_704_164_645_123_456, false))),
    ("2024-01-02T03:04:05+14", Some(instant(1_704_114_245_000_000, false))),
    ("2024-01-02T0304", None),
    ("2024-W01-", None),
    ("2024-W011", None),
    ("2024W01-1", None),
    ("0001-W01-1", Some(Moment::Day(-719_162))),
    ("9999-W52-7", None),
    ("9999-12-31T24:00", None),
    ("1:2", Some(Moment::TimeOfDay(3_720_000_000))),
    ("1:2:3.5", Some(Moment::TimeOfDay(3_723_500_000))),
    ("T1030", Some(Moment::TimeOfDay(37_800_000_000))),
    ("T10:30:15.25+02:00", None),
    ("23:30-02:00", Some(Moment::TimeOfDay(5_400_000_000))),
    ("", None),
    ("T", None),
    ("2", None),
    ("20", None),
    ("+2024-01-01T00:00:00Z", None),
    ("2024-01-02T03:04:05-00:00", Some(instant(1_704_164_645_000_000, false))),
    ("2024-01-02T03:04:05−02:00", None),
];

#[test]
fn texts_mean_what_dlt_takes_them_for() {
    for (text, expected) in CASES {
        assert_eq!(parse(text), expected, "{text:?}");
    }
}

#[test]
fn seconds_are_rounded_as_python_rounds_them() {
    for (seconds, expected) in [
        (1_700_000_000.5, Some(1_700_000_000_500_000)),
        (-1.5, Some(-1_500_000)),
        (1_700_000_000.123_456_7, Some(1_700_000_000_123_457)),
        (0.000_000_5, Some(0)),
        (0.000_001_5, Some(2)),
        (1.000_000_5, Some(1_000_001)),
        (1_700_000_000.999_999_6, Some(1_700_000_001_000_000)),
        (253_402_300_799.0, Some(253_402_300_799_000_000)),
        (253_402_300_800.0, None),
        (-62_135_596_800.0, Some(-62_135_596_800_000_000)),
        (-62_135_596_801.0, None),
        (1e300, None),
        (f64::NAN, None),
        (f64::INFINITY, None),
    ] {
        assert_eq!(from_seconds(seconds), expected, "{seconds}");
    }
}

proptest! {
    #[test]
    fn what_is_written_is_read_back(micros in FIRST..=LAST, separator in "[T ]", zone in "(|Z|\\+00:00|-0000)") {
        let text = jiff::Timestamp::from_microsecond(micros.clamp(-62_000_000_000_000_000, 253_000_000_000_000_000))
            .unwrap()
            .strftime("%Y-%m-%dT%H:%M:%S.%6f")
            .to_string();
        let expected = micros.clamp(-62_000_000_000_000_000, 253_000_000_000_000_000);
        prop_assert_eq!(parse(&format!("{}{zone}", text.replace('T', &separator))), Some(instant(expected, false)));
    }

    #[test]
    fn any_text_is_read_without_panic(text in "[0-9TZ:/ .,|W+-]{0,30}") {
        let _ = parse(&text);
    }
}
