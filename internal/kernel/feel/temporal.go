package feel

import (
	"math"
	"time"

	"github.com/cockroachdb/apd/v3"
)

const (
	maxYear   = 999_999_999
	nsPerSec  = int64(time.Second)
	secPerDay = int64(86400)
	nsPerDay  = secPerDay * nsPerSec
)

// zone is an offset from UTC, or a place whose offset depends on the date.
type zone struct {
	name   string // IANA name, empty for a fixed offset
	offset int    // seconds, of a fixed offset
	loc    *time.Location
}

type dateTime struct {
	date int64 // packed
	ns   int64 // of the day
	z    *zone // nil: local
}

// pack puts a date into one integer that sorts as the date does.
func pack(y int64, m, d int) int64 { return y<<9 | int64(m)<<5 | int64(d) }

func unpack(n int64) (y int64, m, d int) { return n >> 9, int(n >> 5 & 15), int(n & 31) }

// epochDays counts days from 1970-01-01 in the proleptic Gregorian calendar.
func epochDays(n int64) int64 {
	y, m, d := unpack(n)
	if m <= 2 {
		y--
		m += 12
	}
	era := floorDiv(y, 400)
	yoe := y - era*400
	doy := int64(153*(m-3)+2)/5 + int64(d) - 1
	return era*146097 + yoe*365 + yoe/4 - yoe/100 + doy - 719468
}

// fromEpochDays is the inverse of epochDays; false out of FEEL's years.
func fromEpochDays(days int64) (int64, bool) {
	days += 719468
	era := floorDiv(days, 146097)
	doe := days - era*146097
	yoe := (doe - doe/1460 + doe/36524 - doe/146096) / 365
	doy := doe - (365*yoe + yoe/4 - yoe/100)
	mp := (5*doy + 2) / 153
	d := doy - (153*mp+2)/5 + 1
	y, m := yoe+era*400, mp+3
	if m > 12 {
		y, m = y+1, m-12
	}
	if y > maxYear || y < -maxYear {
		return 0, false
	}
	return pack(y, int(m), int(d)), true
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

func daysInMonth(y int64, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// Date is a FEEL date; null where there is no such day.
func Date(year, month, day int) Value {
	if year > maxYear || year < -maxYear || month < 1 || month > 12 || day < 1 || day > daysInMonth(int64(year), month) {
		return Value{}
	}
	return dateOf(pack(int64(year), month, day))
}

// DateOf is the date that t shows in its own location.
func DateOf(t time.Time) Value {
	y, m, d := t.Date()
	return dateOf(pack(int64(y), int(m), d))
}

// DateTimeOf is the date and time of t, in t's location.
func DateTimeOf(t time.Time) Value {
	return dateTimeOf(pack(int64(t.Year()), int(t.Month()), t.Day()), nsOfDay(t), zoneOf(t))
}

func nsOfDay(t time.Time) int64 {
	return (int64(t.Hour())*3600+int64(t.Minute())*60+int64(t.Second()))*nsPerSec + int64(t.Nanosecond())
}

// zoneOf keeps a place's name where t has one; other locations become offsets.
func zoneOf(t time.Time) *zone {
	_, off := t.Zone()
	name := t.Location().String()
	if name != "" && name != "Local" && name != "UTC" {
		if loc, err := time.LoadLocation(name); err == nil {
			return &zone{name: name, loc: loc}
		}
	}
	return &zone{offset: off}
}

// DaysTime is a days and time duration.
func DaysTime(d time.Duration) Value { return durationOf(int64(d/time.Second), int64(d%time.Second)) }

// YearsMonths is a years and months duration of so many months.
func YearsMonths(months int64) Value { return Value{kind: KindYearsMonths, n: months} }

func dateOf(packed int64) Value { return Value{kind: KindDate, n: packed} }

func timeOf(ns int64, z *zone) Value {
	v := Value{kind: KindTime, n: ns}
	if z != nil {
		v.ref = z
	}
	return v
}

func dateTimeOf(packed, ns int64, z *zone) Value {
	return Value{kind: KindDateTime, ref: &dateTime{packed, ns, z}}
}

// durationOf normalises so that the nanoseconds are never negative.
func durationOf(sec, ns int64) Value {
	sec += floorDiv(ns, nsPerSec)
	ns -= floorDiv(ns, nsPerSec) * nsPerSec
	return Value{kind: KindDaysTime, n: sec, sub: uint32(ns)} // #nosec G115 -- below a second
}

func (v Value) zone() *zone { z, _ := v.ref.(*zone); return z }

func (v Value) dt() *dateTime { d, _ := v.ref.(*dateTime); return d }

// offsetAt is the zone's offset when the local clock shows this day and time.
func (z *zone) offsetAt(packed, ns int64) int {
	if z.loc == nil {
		return z.offset
	}
	y, m, d := unpack(packed)
	if y > 9999 || y < -9999 {
		y = 9999
	}
	sec := ns / nsPerSec
	_, off := time.Date(int(y), time.Month(m), d, int(sec/3600), int(sec/60%60), int(sec%60), 0, z.loc).Zone()
	return off
}

// referenceDay gives a time of day in a named place its offset when no date says which.
var referenceDay = pack(2025, 1, 1)

func (z *zone) timeOffset() int { return z.offsetAt(referenceDay, 0) }

// epoch is the instant in seconds; a local date and time counts as UTC.
func (d *dateTime) epoch() int64 {
	s := epochDays(d.date)*secPerDay + d.ns/nsPerSec
	if d.z != nil {
		s -= int64(d.z.offsetAt(d.date, d.ns))
	}
	return s
}

// midnight is the date and time at which a date starts, in UTC, as
// arithmetic between dates and dates and times has it.
func midnight(packed int64) *dateTime { return &dateTime{date: packed, z: &zone{}} }

// GoTime is the instant of a date and time, or a date's midnight; a value
// without a zone is read in loc, nil for UTC. False for other kinds and years beyond Go's.
func (v Value) GoTime(loc *time.Location) (time.Time, bool) {
	d := v.dt()
	if v.kind == KindDate {
		d = &dateTime{date: v.n}
	}
	if d == nil {
		return time.Time{}, false
	}
	if d.z != nil {
		if loc = d.z.loc; loc == nil {
			loc = time.FixedZone("", d.z.offset)
		}
	}
	y, m, day := unpack(d.date)
	if y > 9999 || y < -9999 {
		return time.Time{}, false
	}
	if loc == nil {
		loc = time.UTC
	}
	s := d.ns / nsPerSec
	return time.Date(int(y), time.Month(m), day, int(s/3600), int(s/60%60), int(s%60), int(d.ns%nsPerSec), loc), true
}

// YearMonthDay is the day of a date, or of a date and time as written.
func (v Value) YearMonthDay() (year, month, day int, ok bool) {
	n := v.n
	switch v.kind {
	case KindDate:
	case KindDateTime:
		n = v.dt().date
	default:
		return 0, 0, 0, false
	}
	y, m, d := unpack(n)
	return int(y), m, d, true
}

// Duration is a days and time duration as Go has it; false where it does not fit.
func (v Value) Duration() (time.Duration, bool) {
	if v.kind != KindDaysTime || v.n > math.MaxInt64/nsPerSec-1 || v.n < math.MinInt64/nsPerSec+1 {
		return 0, false
	}
	return time.Duration(v.n*nsPerSec + int64(v.sub)), true
}

// Months is the length of a years and months duration.
func (v Value) Months() (int64, bool) { return v.n, v.kind == KindYearsMonths }

// addMonths moves a date by months and clips the day to the month's end.
func addMonths(packed, months int64) (int64, bool) {
	y, m, d := unpack(packed)
	if months > 12*2*maxYear || months < -12*2*maxYear {
		return 0, false
	}
	t := y*12 + int64(m) - 1 + months
	y = floorDiv(t, 12)
	m = int(t-y*12) + 1
	if y > maxYear || y < -maxYear {
		return 0, false
	}
	return pack(y, m, min(d, daysInMonth(y, m))), true
}

// addSeconds moves a local date and time.
func addSeconds(packed, ns, sec, sub int64) (int64, int64, bool) {
	const far = 2 * maxYear * 366 * 86400
	if sec > far || sec < -far {
		return 0, 0, false
	}
	ns += sub
	s := ns/nsPerSec + sec
	ns %= nsPerSec
	days := floorDiv(s, secPerDay)
	p, ok := fromEpochDays(epochDays(packed) + days)
	return p, (s-days*secPerDay)*nsPerSec + ns, ok
}

// durationDecimal is a days and time duration in seconds.
func (v Value) durationDecimal() *apd.Decimal {
	if v.sub == 0 {
		return apd.New(v.n, 0)
	}
	d := new(apd.Decimal)
	_, _ = decimal128.Add(d, apd.New(v.n, 0), apd.New(int64(v.sub), -9))
	return d
}

// durationFromDecimal rounds seconds to nanoseconds; null where they do not fit.
func durationFromDecimal(d *apd.Decimal) Value {
	if d.Form != apd.Finite {
		return Value{}
	}
	var floor, frac apd.Decimal
	if _, err := decimal128.Floor(&floor, d); err != nil {
		return Value{}
	}
	sec, err := floor.Int64()
	if err != nil {
		return Value{}
	}
	_, _ = decimal128.Sub(&frac, d, &floor)
	_, _ = decimal128.Mul(&frac, &frac, apd.New(1, 9))
	_, _ = decimal128.RoundToIntegralValue(&frac, &frac)
	ns, err := frac.Int64()
	if err != nil {
		return Value{}
	}
	return durationOf(sec, ns)
}
